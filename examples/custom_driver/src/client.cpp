// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/pool/session_choice.hpp>
#include <coda/pool/shared_connections.hpp>
#include <coda/runtime/this_context.hpp>

#include <memcached/client.hpp>

#include <charconv>
#include <ctime>

namespace memcached {

namespace {

using sessions = std::shared_ptr<coda::shared_connections<detail::session>>;
using replied = coda::operation<detail::reply>;

coda::error no_number() {
    return {make_error_code(coda::errc::type_mismatch), "the server gave no number", coda::outcome::completed};
}

coda::result<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    // Blanks may follow: a value that was counted down keeps its length.
    auto const parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc()) return no_number();
    return value;
}

// The path of every command: the least loaded connection, the wait, the server's error as an error. It keeps what it
// needs: the client may go before it begins.
replied run(sessions all, coda::result<detail::command> c) {
    coda::context const& here = co_await coda::this_context();
    if (here.loop != &all->home()) co_return coda::used_from_another_loop("a memcached client");
    if (c.has_error()) co_return c.error();
    if (!c->key.empty() || c->what != detail::verb::stats) {
        auto const good = detail::check_key(c->key);
        if (good.has_error()) co_return good.error();
    }
    coda::session_choice choice(*all);
    auto const on = co_await coda::as_result(choice);
    if (on.has_error()) co_return on.error();
    detail::request sent(*on, *c);
    auto answer = co_await coda::as_result(sent);
    if (answer.has_error()) co_return answer.error();
    if (auto const failed = detail::failure_of(*answer)) co_return *failed;
    co_return std::move(*answer);
}

// What a command gives, read from its reply.
template <class T>
coda::operation<T> read(replied asked, coda::result<T> (*as)(detail::reply&&)) {
    auto answer = co_await coda::as_result(std::move(asked));
    if (answer.has_error()) co_return answer.error();
    co_return as(std::move(*answer));
}

coda::result<> stored(detail::reply&&) { return {}; }

coda::result<std::optional<std::string>> value(detail::reply&& r) { return std::move(r.value); }

coda::result<bool> was_there(detail::reply&& r) { return r.line == "DELETED"; }

coda::result<std::optional<std::uint64_t>> counted_if_there(detail::reply&& r) {
    if (r.line == "NOT_FOUND") return std::nullopt;
    auto const n = number(r.line);
    if (n.has_error()) return n.error();
    return *n;
}

coda::result<std::uint64_t> counted(detail::reply&& r) {
    if (!r.value) return no_number();
    return number(*r.value);
}

coda::result<std::map<std::string, std::string>> named(detail::reply&& r) {
    std::map<std::string, std::string> all;
    for (auto& [name, value] : r.stats) all.insert_or_assign(std::move(name), std::move(value));
    return all;
}

coda::result<meta_reply> in_parts(detail::reply&& r) {
    meta_reply given;
    std::string_view const line = r.line;
    given.code = line.substr(0, 2);
    auto rest = line.substr(std::min(line.size(), std::size_t{3}));
    if (given.code == "VA") { // its size comes first
        auto const blank = rest.find(' ');
        rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
    }
    given.flags = rest;
    given.value = std::move(r.value);
    return given;
}

coda::operation<> connect_one(sessions to) {
    auto const found = co_await coda::as_result(to->wait());
    if (found.has_error()) co_return found.error();
    co_return coda::result<>();
}

coda::operation<> close_all(sessions all) { co_return co_await coda::as_result(all->close()); }

} // namespace

client::client(coda::loop& l, std::string_view uri, client_options options) {
    check(options).value();
    auto const to = detail::address::parse(uri).value();
    auto open = [&l, to, options] { return detail::open_session(l, to, options); };
    coda::sharing_options const sharing{.connections = options.connections,
                                        .max_waiting = options.max_queued,
                                        .wait_timeout = options.command_timeout,
                                        .connect_timeout = options.connect_timeout,
                                        .drain_timeout = options.drain_timeout,
                                        .name = "memcached"};
    sessions_ = std::make_shared<coda::shared_connections<detail::session>>(l, std::move(open), sharing);
}

client::~client() { sessions_->end(); }

coda::operation<> client::connect() { return connect_one(sessions_); }

coda::operation<> client::close() { return close_all(sessions_); }

std::size_t client::open_connections() const noexcept { return sessions_->open(); }

coda::operation<std::optional<std::string>> client::get(std::string key) {
    return read(run(sessions_, detail::get_command(std::move(key))), &value);
}

coda::operation<> client::set(std::string key, std::string value, coda::duration ttl) {
    auto const exptime = detail::expiry(ttl, std::time(nullptr));
    if (exptime.has_error()) return read(run(sessions_, exptime.error()), &stored);
    return read(run(sessions_, detail::set_command(std::move(key), value, *exptime)), &stored);
}

coda::operation<bool> client::del(std::string key) {
    return read(run(sessions_, detail::delete_command(std::move(key))), &was_there);
}

coda::operation<std::optional<std::uint64_t>> client::incr(std::string key, std::uint64_t by) {
    return read(run(sessions_, detail::incr_command(std::move(key), by)), &counted_if_there);
}

coda::operation<std::uint64_t> client::incr_or_set(std::string key, std::uint64_t initial, std::uint64_t by) {
    return read(run(sessions_, detail::incr_command(std::move(key), by, initial)), &counted);
}

coda::operation<std::map<std::string, std::string>> client::stats() {
    return read(run(sessions_, detail::stats_command()), &named);
}

coda::operation<meta_reply> client::meta(std::string verb, std::string key, std::string flags) {
    return read(run(sessions_, detail::meta_command(verb, std::move(key), flags)), &in_parts);
}

} // namespace memcached
