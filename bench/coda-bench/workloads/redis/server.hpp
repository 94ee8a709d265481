// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "stores/store.hpp"

#include <hiredis/hiredis.h>

#include <cstdint>
#include <memory>
#include <string>

namespace coda::bench::redis {

/// Redis, as the stores that need it know it.
extern server const database;

struct free_context {
    void operator()(redisContext* c) const noexcept { redisFree(c); }
};
struct free_reply {
    void operator()(void* r) const noexcept { freeReplyObject(r); }
};
using context_ptr = std::unique_ptr<redisContext, free_context>;
using reply_ptr = std::unique_ptr<redisReply, free_reply>;

/// Where a redis://[user:password@]host:port/db or unix://path URI leads.
struct address {
    std::string host; ///< or the path of a unix socket, then `port` is 0
    std::uint16_t port = 0;
    std::string user;     ///< empty: the default one
    std::string password; ///< empty: none
    int database = 0;
};

/// @throws std::runtime_error when the URI is malformed; the message never holds the password
[[nodiscard]] address parse_uri(std::string const& uri);

/// A blocking connection, authenticated, on its database.
/// @throws std::runtime_error with the server's reason
[[nodiscard]] context_ptr connect(std::string const& uri);

} // namespace coda::bench::redis
