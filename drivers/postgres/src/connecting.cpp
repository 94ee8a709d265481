// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"

#include "conninfo.hpp"
#include "server_reply.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/resolve.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/wait_ready.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <mutex>
#include <optional>

namespace coda::pg::detail {

namespace {

constexpr std::string_view default_port = "5432";

// Each name becomes its addresses, in order; libpq then connects by hostaddr and keeps the name for TLS and messages.
operation<std::vector<server_address>> resolved(std::vector<server_address> servers, server_choice choice) {
    context const& here = co_await this_context();
    if (choice.order == host_order::random) std::ranges::shuffle(servers, choice.random);
    std::vector<server_address> all;
    error last;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        auto& s = servers[i];
        if (!s.needs_resolving()) {
            all.push_back(std::move(s));
            continue;
        }
        std::string const port(s.port.empty() ? default_port : s.port);
        // Of several, connecting has a share as well.
        std::size_t const left = servers.size() > 1 ? servers.size() - i + 1 : 1;
        time_point const latest = fair_share(here.loop->now(), here.deadline, left);
        auto addresses = co_await as_result(with_deadline(latest, resolve(s.host, port)));
        if (addresses.has_error()) {
            last = addresses.error();
            if (last.code() != coda::errc::name_not_resolved && !share_ended(last, here)) co_return last;
            continue;
        }
        if (choice.order == host_order::random) std::ranges::shuffle(*addresses, choice.random);
        for (auto const& address : *addresses) all.push_back({s.host, address.host(), s.port});
    }
    if (all.empty()) co_return last;
    co_return std::move(all);
}

// Else OpenSSL asks the terminal for the password of an encrypted key whose URI has none, and the loop waits for it.
// The hook is the process's; one that the program has set stays.
void ask_nobody_for_passwords() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (PQgetSSLKeyPassHook_OpenSSL() == nullptr) PQsetSSLKeyPassHook_OpenSSL(PQdefaultSSLKeyPassHook_OpenSSL);
    });
}

connection_handle start(conninfo const& info) {
    ask_nobody_for_passwords();
    auto const parameters = info.parameters();
    std::vector<char const*> keywords;
    std::vector<char const*> values;
    for (auto const& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    return connection_handle(PQconnectStartParams(keywords.data(), values.data(), 0));
}

// The server that libpq is trying: it goes on to the next by itself where one refuses.
std::size_t current(PGconn const* c, std::vector<server_address> const& servers, std::size_t before) {
    std::string_view const host = PQhost(c);
    std::string_view const address = PQhostaddr(c);
    std::string_view const port = PQport(c);
    auto const tried = [&](server_address const& s) {
        if (port != (s.port.empty() ? default_port : s.port)) return false;
        return s.hostaddr.empty() ? s.host == host : s.hostaddr == address && (s.host.empty() || s.host == host);
    };
    for (std::size_t i = 0; i < servers.size(); ++i)
        if (auto const at = (before + i) % servers.size(); tried(servers[at])) return at;
    return before;
}

time_point latest_answer(context const& here, conninfo const& info, std::size_t at) {
    time_point const now = here.loop->now();
    time_point const share = fair_share(now, here.deadline, info.tries_left(at));
    auto const limit = info.connect_timeout();
    return limit ? std::min(share, now + *limit) : share;
}

// As libpq tries one server after the other, until one does not answer in its time: `silent` is that one then.
operation<established> connect(conninfo const& info, std::optional<std::size_t>& silent) {
    auto connection = start(info);
    if (connection == nullptr) throw std::bad_alloc();
    PGconn* const c = connection.get();
    PQsetNoticeProcessor(c, [](void*, char const*) {}, nullptr);
    PQsetErrorVerbosity(c, PQERRORS_VERBOSE); // or nothing would tell the SQLSTATE of a rejected login
    key_listener key(c);

    context const& here = co_await this_context();
    std::size_t at = current(c, info.servers(), 0);
    time_point latest = latest_answer(here, info, at);
    // libpq asks first for the socket to be writable, and may change the socket while it tries the next address.
    auto wanted = readiness::write;
    while (PQstatus(c) != CONNECTION_BAD) {
        auto waited = co_await as_result(with_deadline(latest, wait_ready(PQsocket(c), wanted)));
        if (waited.has_error()) {
            if (share_ended(waited.error(), here)) silent = at;
            co_return waited.error();
        }
        auto const next = PQconnectPoll(c);
        if (next == PGRES_POLLING_FAILED) break;
        if (next == PGRES_POLLING_OK) {
            // What ends a session is told to all who share it: not the statement of one of them in LINE and CONTEXT.
            PQsetErrorVerbosity(c, PQERRORS_TERSE);
            if (PQsetnonblocking(c, 1) != 0 || PQenterPipelineMode(c) == 0) break;
            co_return established{std::move(connection), key.key()};
        }
        wanted = next == PGRES_POLLING_READING ? readiness::read : readiness::write;
        if (auto const now_at = current(c, info.servers(), at); now_at != at) {
            at = now_at;
            latest = latest_answer(here, info, at);
        }
    }
    co_return connect_failure(PQerrorMessage(c));
}

} // namespace

operation<established> open_connection(std::string text, server_choice choice) {
    auto info = conninfo::parse(text);
    if (info.has_error()) co_return info.error();
    if (info->in_random_order()) choice.order = host_order::random;
    auto servers = co_await as_result(resolved(info->servers(), choice));
    if (servers.has_error()) co_return servers.error();
    info->set_servers(std::move(*servers));
    while (true) {
        std::optional<std::size_t> silent;
        auto made = co_await as_result(connect(*info, silent));
        if (!silent || !info->go_on_after(*silent)) co_return std::move(made);
    }
}

} // namespace coda::pg::detail
