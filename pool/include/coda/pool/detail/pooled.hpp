// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/slot.hpp>
#include <coda/pool/poolable.hpp>

#include <memory>
#include <utility>

namespace coda::detail {

class acquisition;
class pool_engine;

// Counts a pool's operations; one loop's only, so without atomics, which would cost more than the rest of an acquire.
struct engine_count {
    long references = 0;
};
void destroy(pool_engine& e) noexcept;

// A pool's engine, as its operations hold it.
class engine_reference {
public:
    engine_reference(pool_engine& e, engine_count& c) noexcept : engine_(&e), count_(&c) { ++c.references; }
    engine_reference(engine_reference const& other) noexcept : engine_(other.engine_), count_(other.count_) {
        if (count_ != nullptr) ++count_->references;
    }
    engine_reference(engine_reference&& other) noexcept
        : engine_(std::exchange(other.engine_, nullptr)), count_(std::exchange(other.count_, nullptr)) {}
    engine_reference& operator=(engine_reference other) noexcept {
        std::swap(engine_, other.engine_);
        std::swap(count_, other.count_);
        return *this;
    }
    ~engine_reference() {
        if (count_ != nullptr && --count_->references == 0) destroy(*engine_);
    }

    pool_engine& operator*() const noexcept { return *engine_; }
    pool_engine* operator->() const noexcept { return engine_; }
    explicit operator bool() const noexcept { return engine_ != nullptr; }

private:
    pool_engine* engine_;
    engine_count* count_;
};

// A connection without its type. Owned by the pool, or by a lease while it is handed out.
class pooled : public slot {
public:
    virtual ~pooled() = default;
    virtual operation<> connect() = 0;
    virtual operation<> ping() = 0;
    virtual operation<> reset() = 0;
    virtual operation<> close() = 0;
    virtual void abort() noexcept = 0;

    pool_engine* pool = nullptr;      // where it goes back to; none once the pool has gone or let go of it
    acquisition* handed_to = nullptr; // who has waited for it and has not taken it yet
    cancel_source interruption;       // of what the pool does with it
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
