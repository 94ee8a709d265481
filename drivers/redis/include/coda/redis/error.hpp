// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <string>
#include <string_view>

/// What Redis says when a command fails, and what the driver says when it cannot ask.
///
///     auto r = co_await coda::as_result(db.incr("name"));
///     if (!r && r.error().code() == coda::redis::server_errc::wrong_type) ...
///     if (auto* e = r.error().details<coda::redis::server_error>()) log(e->text);
namespace coda::redis {

/// The driver's own error codes, in category "coda.redis".
enum class errc {
    connect_failed = 1,   ///< the server refused, was not reached, or rejected the login; the message says which
    needs_own_connection, ///< on a shared client: the command changes, or blocks, the connection; lease one for it
    unsupported_command,  ///< replies to it could not be told apart (SUBSCRIBE, MONITOR, CLIENT REPLY, HELLO 3)
};

boost::system::error_category const& driver_category() noexcept;
error_code make_error_code(errc) noexcept;

/// The errors that servers answer with, by the word they begin with; in category "redis".
enum class server_errc {
    other = 1,      ///< a word that is not listed here
    err,            ///< ERR, the generic one
    wrong_type,     ///< WRONGTYPE: the key holds another kind of value
    no_auth,        ///< NOAUTH
    wrong_password, ///< WRONGPASS
    no_permission,  ///< NOPERM
    moved,          ///< MOVED: another node of the cluster has the key
    ask,            ///< ASK
    try_again,      ///< TRYAGAIN
    cluster_down,   ///< CLUSTERDOWN
    cross_slot,     ///< CROSSSLOT
    loading,        ///< LOADING: the data set is being read
    master_down,    ///< MASTERDOWN
    busy,           ///< BUSY: a script runs
    no_script,      ///< NOSCRIPT
    read_only,      ///< READONLY: a replica
    no_replicas,    ///< NOREPLICAS
    out_of_memory,  ///< OOM
    misconfigured,  ///< MISCONF
    exec_abort,     ///< EXECABORT: the transaction was discarded
    busy_group,     ///< BUSYGROUP: the consumer group exists
    no_group,       ///< NOGROUP
    busy_key,       ///< BUSYKEY: the target exists
    unkillable,     ///< UNKILLABLE
    no_protocol,    ///< NOPROTO
};

boost::system::error_category const& server_category() noexcept;
error_code make_error_code(server_errc) noexcept;

/// An error reply as the server sent it, of an error with outcome `completed`.
class server_error final : public error_details {
public:
    explicit server_error(std::string reply) : text(std::move(reply)) {}
    std::string text; ///< all of it: "WRONGTYPE Operation against a key holding the wrong kind of value"

    /// Its first word, in capital letters; empty where it begins otherwise.
    std::string_view prefix() const noexcept;
    /// `text`.
    std::string message() const override { return text; }
    /// By its words, as docs/retry.md lists them.
    std::optional<error_class> kind() const noexcept override;
};

/// The code for an error reply.
error_code code_of_reply(std::string_view text) noexcept;

} // namespace coda::redis

template <>
struct boost::system::is_error_code_enum<coda::redis::errc> : std::true_type {};
template <>
struct boost::system::is_error_code_enum<coda::redis::server_errc> : std::true_type {};
