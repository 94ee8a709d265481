// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/pool/shared_connections.hpp>

#include <memcached/client.hpp>

#include <charconv>
#include <ctime>

namespace memcached {

namespace {

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

} // namespace

client::client(coda::loop& l, std::string_view uri, client_options options) {
    check(options).value();
    auto const to = detail::address::parse(uri).value();
    auto open = [&l, to, options] { return detail::open_session(l, to, options); };
    coda::sharing_options const sharing{options.connections, options.max_queued, options.connect_timeout,
                                        options.drain_timeout};
    sessions_ = std::make_unique<coda::shared_connections<detail::session>>(l, std::move(open), sharing);
}

client::~client() = default;

coda::operation<> client::connect() {
    auto const found = co_await coda::as_result(sessions_->wait());
    if (found.has_error()) co_return found.error();
    co_return coda::result<>();
}

coda::operation<> client::close() { return sessions_->close(); }

std::size_t client::open_connections() const noexcept { return sessions_->open(); }

// The path of every command: the least loaded connection, the wait, the server's error as an error.
coda::operation<detail::reply> client::run(detail::command c) {
    if (!c.key.empty() || c.what != detail::verb::stats) {
        auto const good = detail::check_key(c.key);
        if (good.has_error()) co_return good.error();
    }
    detail::session* on = sessions_->pick();
    std::shared_ptr<detail::session> opened; // others run before this goes on, and may have closed it
    if (on == nullptr) {
        auto found = co_await coda::as_result(sessions_->wait());
        if (found.has_error()) co_return found.error();
        opened = std::move(*found);
        on = opened.get();
    }
    detail::request sent(on, c);
    auto answer = co_await coda::as_result(sent);
    if (answer.has_error()) co_return answer.error();
    if (auto const failed = detail::failure_of(*answer)) co_return *failed;
    co_return std::move(*answer);
}

coda::operation<std::optional<std::string>> client::get(std::string key) {
    auto answer = co_await coda::as_result(run(detail::get_command(std::move(key))));
    if (answer.has_error()) co_return answer.error();
    co_return std::move(answer->value);
}

coda::operation<> client::set(std::string key, std::string value, coda::duration ttl) {
    auto const exptime = detail::expiry(ttl, std::time(nullptr));
    if (exptime.has_error()) co_return exptime.error();
    auto const answer = co_await coda::as_result(run(detail::set_command(std::move(key), value, *exptime)));
    if (answer.has_error()) co_return answer.error();
    co_return coda::result<>();
}

coda::operation<bool> client::del(std::string key) {
    auto const answer = co_await coda::as_result(run(detail::delete_command(std::move(key))));
    if (answer.has_error()) co_return answer.error();
    co_return answer->line == "DELETED";
}

coda::operation<std::optional<std::uint64_t>> client::incr(std::string key, std::uint64_t by) {
    auto const answer = co_await coda::as_result(run(detail::incr_command(std::move(key), by)));
    if (answer.has_error()) co_return answer.error();
    if (answer->line == "NOT_FOUND") co_return std::nullopt;
    auto const counted = number(answer->line);
    if (counted.has_error()) co_return counted.error();
    co_return *counted;
}

coda::operation<std::uint64_t> client::incr_or_set(std::string key, std::uint64_t initial, std::uint64_t by) {
    auto const answer = co_await coda::as_result(run(detail::incr_command(std::move(key), by, initial)));
    if (answer.has_error()) co_return answer.error();
    if (!answer->value) co_return no_number();
    co_return number(*answer->value);
}

coda::operation<std::map<std::string, std::string>> client::stats() {
    auto answer = co_await coda::as_result(run(detail::stats_command()));
    if (answer.has_error()) co_return answer.error();
    std::map<std::string, std::string> named;
    for (auto& [name, value] : answer->stats) named.insert_or_assign(std::move(name), std::move(value));
    co_return named;
}

coda::operation<meta_reply> client::meta(std::string verb, std::string key, std::string flags) {
    auto command = detail::meta_command(verb, std::move(key), flags);
    if (command.has_error()) co_return command.error();
    auto answer = co_await coda::as_result(run(std::move(*command)));
    if (answer.has_error()) co_return answer.error();
    meta_reply given;
    std::string_view const line = answer->line;
    given.code = line.substr(0, 2);
    auto rest = line.substr(std::min(line.size(), std::size_t{3}));
    if (given.code == "VA") { // its size comes first
        auto const blank = rest.find(' ');
        rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
    }
    given.flags = rest;
    given.value = std::move(answer->value);
    co_return given;
}

} // namespace memcached
