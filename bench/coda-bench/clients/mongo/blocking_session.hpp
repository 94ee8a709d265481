// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "plan.hpp"
#include "workloads/mongo/server.hpp"
#include "workloads/query.hpp"

#include <cstdint>
#include <string>

namespace coda::bench::mongo {

/// Asks one query by `client` and waits for the reply.
/// By commands rather than by a collection's functions: a find costs half the processor time so, and the
/// coroutine client does the same.
/// @return what went wrong, empty if nothing did; then `next` is the key that leads on, and `lost` false
[[nodiscard]] std::string execute(mongoc_client_t* client, asked q, std::int64_t& next, bool& lost);

/// A client of its own, with one connection. One thread at a time.
class blocking_session {
public:
    /// Connects.
    /// @throws std::runtime_error with the reason
    explicit blocking_session(plan const& p);

    /// Asks one query; `next` is the key that leads on.
    /// @return what went wrong, empty if nothing did
    [[nodiscard]] std::string execute(query q, std::int64_t key, std::int64_t& next) {
        return mongo::execute(client_.get(), {q, key}, next, lost_);
    }

    /// False once the connection is lost.
    [[nodiscard]] bool alive() const noexcept { return !lost_; }

private:
    client_ptr client_;
    bool lost_ = false;
};

} // namespace coda::bench::mongo
