// SPDX-License-Identifier: BSL-1.0
#include "clients/redis/blocking_session.hpp"

#include "workloads/redis/commands.hpp"

#include <string_view>

namespace coda::bench::redis {

std::string blocking_session::execute(query q, std::int64_t key, std::int64_t& next) {
    asked const what{q, key};
    command c(what);
    reply_ptr const reply(
        static_cast<redisReply*>(redisCommandArgv(redis_.get(), c.count(), c.arguments(), c.lengths())));
    if (!reply) return redis_->errstr;
    auto const* fault = fault_in(reply.get(), what, next);
    return fault ? fault : std::string();
}

char const* fault_in(redisReply const* reply, asked q, std::int64_t& next) noexcept {
    if (reply->type == REDIS_REPLY_ERROR) return reply->str;
    std::string_view const text(reply->str, reply->len);
    if (q.what == query::credit)
        return reply->type == REDIS_REPLY_STATUS && text == "OK" ? nullptr : "the write was not answered with OK";
    return reply->type == REDIS_REPLY_STRING ? fault_in(text, q.key, next) : "the read did not return a string";
}

} // namespace coda::bench::redis
