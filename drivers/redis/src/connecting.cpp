// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"

#include "hiredis.hpp"

#include <coda/redis/detail/commands.hpp>
#include <coda/redis/error.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/resolve.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/wait_ready.hpp>
#include <coda/runtime/when_all.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace coda::redis::detail {

namespace {

using words = std::vector<std::string>;

error connect_failed(std::string message) { return {make_error_code(errc::connect_failed), std::move(message)}; }

// Commands on one session, whatever they are.
struct direct {
    session* on;
    loop& home() const noexcept { return on->home(); }
    session* pick() const noexcept { return on; }
    operation<std::shared_ptr<session>> wait() { co_return error(coda::errc::not_connected); }
};

operation<> run(session* on, words command) {
    direct source{on};
    auto values = arguments_for<words>(std::in_place, std::move(command));
    co_return co_await as_result(run_command<void, checked::no>(source, sharing::exclusive, std::move(values)));
}

// A server's refusal is no failure.
operation<> attempt(session* on, words command) {
    auto const done = co_await as_result(run(on, std::move(command)));
    if (done.has_error() && done.error().outcome() != outcome::completed) co_return done.error();
    co_return result<>();
}

// Database 0 is where a session is: who may not SELECT, or whose server has no others, is there too.
operation<> select(session* on, std::string database) {
    bool const is_there = database == "0";
    words command{"SELECT", std::move(database)};
    auto const done = co_await as_result(run(on, std::move(command)));
    auto const* const said = done.has_error() ? done.error().details<server_error>() : nullptr;
    if (is_there && said != nullptr &&
        (said->text.starts_with("NOPERM") || said->text.starts_with("ERR unknown command")))
        co_return result<>();
    co_return done;
}

// In one flight. `before` is run first, in the same.
operation<> log_in(session* on, address const& to, std::vector<operation<>> before) {
    std::vector<operation<>> flight = std::move(before);
    if (to.password) {
        words login{"AUTH", *to.password};
        if (!to.user.empty()) login.insert(login.begin() + 1, to.user);
        flight.push_back(run(on, std::move(login)));
    }
    flight.push_back(select(on, to.database));
    if (!to.client_name.empty()) flight.push_back(attempt(on, words{"CLIENT", "SETNAME", to.client_name}));
    return when_all(std::move(flight));
}

// A server that does not know AUTH repeats what was behind it.
std::string without_secrets(std::string const& text, address const& to) {
    auto const arguments = std::min(text.find(", with args"), text.size());
    auto shown = text.substr(0, arguments);
    bool const repeats = to.password && !to.password->empty() && shown.find(*to.password) != shown.npos;
    return repeats ? shown.substr(0, shown.find(' ')) : shown;
}

// What made a new connection useless, in the server's or the system's words.
error as_refusal(error const& why, address const& to) {
    if (auto const* said = why.details<server_error>())
        return {make_error_code(errc::connect_failed), outcome::not_sent,
                std::make_shared<server_error>(without_secrets(said->text, to))};
    if (why.code() == coda::errc::connection_lost) return connect_failed(why.message());
    return why.with_outcome(outcome::not_sent);
}

// Whether the next address may do better.
bool is_of_the_address(error const& why, context const& here) {
    return share_ended(why, here) || (why.code() == errc::connect_failed && why.details<server_error>() == nullptr);
}

// Says where; a server's own words stay as they are.
error at_place(std::string const& place, error const& why) {
    bool const ours = why.code() == errc::connect_failed && why.details<server_error>() == nullptr;
    return ours ? connect_failed(place + ": " + why.message()) : why;
}

// A context whose connecting is under way.
result<context_handle> start(char const* host, int port, std::string const& path) {
    context_handle made(path.empty() ? redisAsyncConnect(host, port) : redisAsyncConnectUnix(path.c_str()));
    if (made == nullptr) throw std::bad_alloc();
    if (made->err != 0) return connect_failed(made->errstr);
    ::fcntl(made->c.fd, F_SETFD, FD_CLOEXEC);
    return made;
}

int socket_error(int fd) noexcept {
    int why = 0;
    socklen_t size = sizeof why;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) == 0 ? why : errno;
}

operation<std::shared_ptr<session>> open_at(loop& l, result<context_handle> started, address const& to,
                                            connection_options options) {
    if (started.has_error()) co_return started.error();
    context_handle context = std::move(*started);
    auto const writable = co_await as_result(wait_ready(context->c.fd, readiness::write));
    if (writable.has_error()) co_return writable.error();
    if (int const why = socket_error(context->c.fd); why != 0) co_return connect_failed(std::strerror(why));
    if (to.path.empty() && redisEnableKeepAlive(&context->c) != REDIS_OK) co_return connect_failed(context->c.errstr);
    auto opened = session::open(l, std::move(context), options);
    if (opened.has_error()) co_return as_refusal(opened.error(), to);
    std::shared_ptr<session> const on = std::move(*opened);
    session::login const bounds(*on, options.connect_timeout);
    auto const logged_in = co_await as_result(log_in(on.get(), to, std::vector<operation<>>()));
    if (logged_in.has_error()) co_return as_refusal(logged_in.error(), to);
    co_return on;
}

} // namespace

operation<std::shared_ptr<session>> open_session(loop& l, std::shared_ptr<address const> to,
                                                 connection_options options) {
    if (!to->path.empty()) {
        auto opened = co_await as_result(open_at(l, start(nullptr, 0, to->path), *to, options));
        if (opened.has_error()) co_return at_place(to->path, opened.error());
        co_return std::move(opened);
    }
    auto const found = co_await as_result(resolve(to->host, to->port));
    if (found.has_error()) co_return found.error();
    context const& here = co_await this_context();
    result<std::shared_ptr<session>> opened = connect_failed(to->host + " has no address");
    std::size_t left = found->size();
    for (auto const& endpoint : *found) {
        time_point const latest = fair_share(here.loop->now(), here.deadline, left--);
        auto started = start(endpoint.host().c_str(), endpoint.port(), std::string());
        opened = co_await as_result(with_deadline(latest, open_at(l, std::move(started), *to, options)));
        if (opened.has_value() || !is_of_the_address(opened.error(), here)) break;
        opened = at_place(endpoint.to_string(), opened.error());
    }
    co_return std::move(opened);
}

operation<> reset_session(std::shared_ptr<session> on, std::shared_ptr<address const> to, duration timeout) {
    session::login const bounds(*on, timeout);
    std::vector<operation<>> reset;
    reset.push_back(run(on.get(), words{"RESET"}));
    auto const done = co_await as_result(log_in(on.get(), *to, std::move(reset)));
    if (done.has_value() || done.error().outcome() != outcome::completed) co_return done;
    // Before Redis 6.2. What was sent behind RESET may have been queued by a transaction, which this discards.
    std::vector<operation<>> by_hand;
    by_hand.push_back(attempt(on.get(), words{"DISCARD"}));
    by_hand.push_back(attempt(on.get(), words{"UNWATCH"}));
    auto const again = co_await as_result(log_in(on.get(), *to, std::move(by_hand)));
    if (again.has_error() && again.error().details<server_error>()) co_return as_refusal(again.error(), *to);
    co_return again;
}

} // namespace coda::redis::detail
