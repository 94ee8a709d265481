// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/session_choice.hpp>
#include <coda/redis/detail/execution.hpp>
#include <coda/redis/options.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/this_context.hpp>

namespace coda::redis::detail {

enum class checked : bool { no, yes };

// Runs one command on a session of `source`, which it keeps, and reads its reply: the path of every command, in one
// coroutine.
template <class T, checked Checked, class Source, class... K>
operation<T> run_command(Source source, sharing where, arguments<K...> values) {
    context const& here = co_await this_context();
    if (here.loop != &source.home())
        co_return coda::detail::failed<T>(used_from_another_loop("a redis connection or client"));
    auto const command = values.encode();
    if (command.has_error()) co_return coda::detail::failed<T>(command.error());
    auto left = when_left::drains;
    if constexpr (Checked == checked::yes) {
        auto const allowed = check_command(*command, where);
        if (allowed.has_error()) co_return coda::detail::failed<T>(allowed.error());
        if (may_block(*command)) left = when_left::disconnects;
    }
    session_choice choice(source);
    auto const on = co_await as_result(choice);
    if (on.has_error()) co_return coda::detail::failed<T>(on.error());
    co_return co_await as_result(execute_on<T>{*on, *command, left});
}

// A duration for Redis: whole milliseconds, never less than asked for.
inline std::int64_t milliseconds(duration d) noexcept {
    return std::chrono::ceil<std::chrono::milliseconds>(d).count();
}

} // namespace coda::redis::detail

namespace coda::redis {

/// The commands that a connection and a client offer.
///
/// Arguments: what converts to std::string_view (any bytes), integers, floating point numbers; a range of texts stands
/// for one argument each, an std::optional for one or none. Rvalues are kept until sent; lvalues, char pointers and
/// string views are referred to and must live until the operation has ended.
///
/// Every one: begins when awaited, on the object's loop; bounded by the context's deadline and by command_timeout, as
/// is the wait for a connection before it where none is open; cancelled by its context. The error tells the outcome:
/// `not_sent` where it was still queued (the connection is as if nothing had been), `unknown` where it was sent (the
/// caller resumes at once; the reply drains, or the connection ends with a command that may block), `completed` where
/// the server answered: with an error of its own, `server_errc` as code and `server_error` details, or with a reply
/// that is not readable as the type asked for (coda::errc::type_mismatch, naming what was expected and what came).
/// Others: invalid_argument (a command too large, or whose name is no word), queue_full, connection_lost,
/// protocol_error, connect_failed, closed.
template <class Source>
class commands {
public:
    /// Any command, its name first, read as `T`: integers, bool (0 or 1; OK or nil) and double, std::string,
    /// std::optional (nil), std::vector, std::pair, std::tuple, std::map and std::unordered_map of these, `status`,
    /// `reply` for whatever comes; nothing where a status is expected. Numbers are also read from strings; lists of
    /// pairs and maps from flat lists.
    ///
    /// Refused before anything is sent: on every connection what would break the pairing of commands and replies
    /// (SUBSCRIBE and its kin, MONITOR, REPLCONF, CLIENT REPLY, HELLO 3: errc::unsupported_command), and on a shared
    /// client what would change or block the connection for others (MULTI, WATCH, SELECT, BLPOP ...:
    /// errc::needs_own_connection). Within MULTI a command is answered with a status, QUEUED, which is read as nothing
    /// else.
    template <class T = void, class... Args>
        requires(sizeof...(Args) > 0)
    operation<T> command(Args&&... args) {
        return run<T, detail::checked::yes>(std::forward<Args>(args)...);
    }

    /// The value of a key; nothing where there is none.
    template <class T = std::string, class Key>
    operation<std::optional<T>> get(Key&& key) {
        return run<std::optional<T>>("GET", std::forward<Key>(key));
    }

    /// Sets a key; false where a condition in `options` kept it from being set.
    template <class Key, class Value>
    operation<bool> set(Key&& key, Value&& value, set_options options = {}) {
        using word = std::optional<std::string_view>;
        word const condition = options.when == set_if::absent    ? word("NX")
                               : options.when == set_if::present ? word("XX")
                                                                 : word();
        if (options.ttl == duration())
            return run<bool>("SET", std::forward<Key>(key), std::forward<Value>(value), word(condition));
        return run<bool>("SET", std::forward<Key>(key), std::forward<Value>(value), "PX",
                         detail::milliseconds(options.ttl), word(condition));
    }
    /// The same with an expiry, of which the server takes none that is 0 or less.
    template <class Key, class Value>
    operation<bool> set(Key&& key, Value&& value, duration ttl) {
        return run<bool>("SET", std::forward<Key>(key), std::forward<Value>(value), "PX", detail::milliseconds(ttl));
    }

    /// Deletes keys; gives how many there were.
    template <class... Keys>
    operation<std::int64_t> del(Keys&&... keys) {
        return run<std::int64_t>("DEL", std::forward<Keys>(keys)...);
    }
    /// How many of the keys exist.
    template <class... Keys>
    operation<std::int64_t> exists(Keys&&... keys) {
        return run<std::int64_t>("EXISTS", std::forward<Keys>(keys)...);
    }

    /// Adds one, or `by`; gives the new value.
    template <class Key>
    operation<std::int64_t> incr(Key&& key) {
        return run<std::int64_t>("INCR", std::forward<Key>(key));
    }
    template <class Key>
    operation<std::int64_t> incrby(Key&& key, std::int64_t by) {
        return run<std::int64_t>("INCRBY", std::forward<Key>(key), by);
    }

    /// The values of keys in their order, nothing where there is none.
    template <class T = std::string, class... Keys>
    operation<std::vector<std::optional<T>>> mget(Keys&&... keys) {
        return run<std::vector<std::optional<T>>>("MGET", std::forward<Keys>(keys)...);
    }

    /// Has a key expire after `ttl`, rounded up to milliseconds; false where there is no such key.
    template <class Key>
    operation<bool> expire(Key&& key, duration ttl) {
        return run<bool>("PEXPIRE", std::forward<Key>(key), detail::milliseconds(ttl));
    }

    /// Asks the server for a sign of life.
    operation<> ping() { return run<void>("PING"); }

private:
    template <class T, detail::checked Checked = detail::checked::no, class... Args>
    operation<T> run(Args&&... args) {
        return detail::run_command<T, Checked>(
            static_cast<Source&>(*this).source(), Source::where,
            detail::arguments_for<Args...>(std::in_place, std::forward<Args>(args)...));
    }
};

} // namespace coda::redis
