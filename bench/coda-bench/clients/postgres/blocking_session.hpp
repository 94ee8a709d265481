// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "plan.hpp"
#include "workloads/postgres/queries.hpp"

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>

namespace coda::bench::postgres {

/// A libpq connection with the benchmark's statements prepared, used the plain way: each query is sent
/// and its reply waited for. One thread at a time.
class blocking_session {
public:
    /// Connects and prepares.
    /// @throws std::runtime_error with the server's reason
    explicit blocking_session(plan const& p);

    /// Asks one query; `next` is the key that leads on.
    /// @return what went wrong, empty if nothing did
    [[nodiscard]] std::string execute(query q, std::int64_t key, std::int64_t& next);

    /// False once the connection is lost.
    [[nodiscard]] bool alive() const noexcept { return PQstatus(db_.get()) == CONNECTION_OK; }

    /// Hands the connection over, for a client that goes on with it in its own way.
    [[nodiscard]] PGconn* release() noexcept { return db_.release(); }

private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> db_;
};

} // namespace coda::bench::postgres
