// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <string>

/// What the server says when a command fails, and what the driver says when it cannot ask.
///
///     auto stored = co_await coda::as_result(cache.set("film", large));
///     if (stored.error().code() == memcached::errc::value_too_large) ...
namespace memcached {

/// Error codes, in category "memcached". Those from `server_error` on are answers, with a `server_reply` as details.
enum class errc {
    connect_failed = 1, ///< the server was not reached, or has refused the connection; the message says which
    server_error,       ///< SERVER_ERROR: the server could not do it
    value_too_large,    ///< SERVER_ERROR of an object that is larger than the server keeps
    out_of_memory,      ///< SERVER_ERROR of a server without memory
    client_error,       ///< CLIENT_ERROR: the command makes no sense (counting up what is no number)
    unknown_command,    ///< ERROR: the server does not know the command
};

boost::system::error_category const& category() noexcept;
coda::error_code make_error_code(errc code) noexcept;

/// An error as the server worded it, of an error with outcome `completed`.
class server_reply final : public coda::error_details {
public:
    explicit server_reply(std::string line) : text(std::move(line)) {}
    std::string text; ///< "SERVER_ERROR object too large for cache"
    /// `text`.
    std::string message() const override { return text; }
};

} // namespace memcached

template <>
struct boost::system::is_error_code_enum<memcached::errc> : std::true_type {};
