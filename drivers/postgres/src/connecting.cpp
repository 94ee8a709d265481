// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"

#include "conninfo.hpp"
#include "server_reply.hpp"

#include <coda/runtime/resolve.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/wait_ready.hpp>

#include <libpq-fe.h>

namespace coda::pg::detail {

namespace {

error connect_failed(PGconn const* c) { return {errc::connect_failed, connection_message(c)}; }

// Each name becomes its addresses, in order; libpq then connects by hostaddr and keeps the name for TLS and messages.
operation<std::vector<server_address>> resolved(std::vector<server_address> servers) {
    std::vector<server_address> all;
    error last;
    for (auto& s : servers) {
        if (!s.needs_resolving()) {
            all.push_back(std::move(s));
            continue;
        }
        // Named: g++ 12 destroys the result of a conditional twice when it stands inside an await.
        std::string const port = s.port.empty() ? "5432" : s.port;
        auto addresses = co_await as_result(resolve(s.host, port));
        if (addresses.has_error()) {
            last = addresses.error();
            if (last.code() != coda::errc::name_not_resolved) co_return last;
            continue;
        }
        for (auto const& address : *addresses) all.push_back({s.host, address.host(), s.port});
    }
    if (all.empty()) co_return last;
    co_return std::move(all);
}

connection_handle start(conninfo const& info) {
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

} // namespace

operation<connection_handle> open_connection(std::string text) {
    auto info = conninfo::parse(text);
    if (info.has_error()) co_return info.error();
    auto servers = co_await as_result(resolved(info->servers()));
    if (servers.has_error()) co_return servers.error();
    info->set_servers(std::move(*servers));

    auto connection = start(*info);
    if (connection == nullptr) throw std::bad_alloc();
    PGconn* const c = connection.get();
    PQsetNoticeProcessor(c, [](void*, char const*) {}, nullptr);

    // libpq asks first for the socket to be writable, and may change the socket while it tries the next address.
    auto wanted = readiness::write;
    while (PQstatus(c) != CONNECTION_BAD) {
        auto waited = co_await as_result(wait_ready(PQsocket(c), wanted));
        if (waited.has_error()) co_return waited.error();
        auto const next = PQconnectPoll(c);
        if (next == PGRES_POLLING_FAILED) break;
        if (next == PGRES_POLLING_OK) {
            if (PQsetnonblocking(c, 1) != 0 || PQenterPipelineMode(c) == 0) break;
            co_return std::move(connection);
        }
        wanted = next == PGRES_POLLING_READING ? readiness::read : readiness::write;
    }
    co_return connect_failed(c);
}

} // namespace coda::pg::detail
