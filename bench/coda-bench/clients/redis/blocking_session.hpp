// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "plan.hpp"
#include "workloads/query.hpp"
#include "workloads/redis/server.hpp"

#include <cstdint>
#include <string>

namespace coda::bench::redis {

/// A hiredis connection used the plain way: each command is sent and its reply waited for. One thread at a time.
class blocking_session {
public:
    /// Connects.
    /// @throws std::runtime_error with the server's reason
    explicit blocking_session(plan const& p) : redis_(connect(p.uris.at("redis"))) {}

    /// Asks one query; `next` is the key that leads on.
    /// @return what went wrong, empty if nothing did
    [[nodiscard]] std::string execute(query q, std::int64_t key, std::int64_t& next);

    /// False once the connection is lost.
    [[nodiscard]] bool alive() const noexcept { return redis_->err == 0; }

private:
    context_ptr redis_;
};

/// What is wrong with a reply to `q`; nullptr if nothing is, and then `next` is the key that leads on.
[[nodiscard]] char const* fault_in(redisReply const* reply, asked q, std::int64_t& next) noexcept;

} // namespace coda::bench::redis
