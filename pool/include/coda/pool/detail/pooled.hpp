// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/slot.hpp>
#include <coda/pool/poolable.hpp>

#include <memory>
#include <utility>

namespace coda::detail {

class pool_engine;

// A connection without its type. Owned by the pool, or by a lease while it is handed out.
class pooled : public slot {
public:
    virtual ~pooled() = default;
    virtual operation<> connect() = 0;
    virtual operation<> ping() = 0;
    virtual operation<> reset() = 0;
    virtual operation<> close() = 0;
    virtual void abort() noexcept = 0;

    pool_engine* pool = nullptr; // where it goes back to; none once the pool has gone or let go of it
};

template <poolable Connection>
class pooled_connection final : public pooled {
public:
    explicit pooled_connection(std::unique_ptr<Connection> c) noexcept : connection(std::move(c)) {}

    operation<> connect() override { return connection->connect(); }
    operation<> ping() override { return connection->ping(); }
    operation<> reset() override { return connection->reset(); }
    operation<> close() override { return connection->close(); }
    bool usable() const noexcept override { return std::as_const(*connection).usable(); }
    bool needs_reset() const noexcept override { return std::as_const(*connection).needs_reset(); }
    void abort() noexcept override { connection->abort(); }

    std::unique_ptr<Connection> const connection;
};

// Ends a lease: the pool decides what becomes of the connection; without one it is closed.
void give_back(pooled& c) noexcept;

} // namespace coda::detail
