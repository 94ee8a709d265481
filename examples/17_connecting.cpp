// SPDX-License-Identifier: BSL-1.0
// Where the server is, and who it is: URIs and keyword strings, several hosts, unix sockets, TLS, settings from the
// start, and what is said when it cannot be so.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

namespace pg = coda::pg;

// The same server, with more to say of it.
std::string with(std::string const& uri, std::string const& more) {
    return uri + (uri.find('?') == uri.npos ? '?' : '&') + more;
}

// Connects and says what it has got, or why it has not.
coda::task<> look(coda::loop& l, char const* how, std::string where, pg::connection_options options = {}) {
    pg::connection db(l, std::move(where), options);
    auto const connected = co_await coda::as_result(db.connect());
    if (connected.has_error()) {
        fmt::print("{}: {}\n", how, connected.error().message());
        co_return;
    }
    auto const [name, memory, encrypted] = co_await db.query_one<std::tuple<std::string, std::string, bool>>(
        "select current_setting('application_name'), current_setting('work_mem'), ssl from pg_stat_ssl "
        "where pid = pg_backend_pid()");
    fmt::print("{}: {}, {} of memory, {}\n", how, name, memory, encrypted ? "encrypted" : "in plain text");
    co_await db.close();
}

coda::task<> connect(coda::loop& l, std::string uri, std::string socket) {
    // Settings that reset() goes back to. In a keyword string: application_name=shop options='-c work_mem=8MB'
    co_await look(l, "a URI", with(uri, "application_name=shop&options=-c%20work_mem%3D8MB"));
    co_await look(l, "a unix socket", with(socket, "application_name=shop"));

    // Several hosts are tried in turn, or in an order of their own for each connection; one that is down costs little.
    pg::connection db(l, uri);
    co_await db.connect();
    auto const [host, port, user, base] =
        co_await db.query_one<std::tuple<std::string, std::string, std::string, std::string>>(
            "select coalesce(host(inet_server_addr()), ''), current_setting('port'), current_user, current_database()");
    co_await db.close();
    auto const two = fmt::format("host=127.0.0.1,{} port=1,{} user={} dbname={} application_name='the shop'", host,
                                 port, user, base);
    co_await look(l, "the primary of two", two + " target_session_attrs=primary");
    co_await look(l, "either of two", two, {.hosts = pg::host_order::random});
    co_await look(l, "the standby of two", two + " target_session_attrs=standby");
}

// Encrypted, to nobody but who has a certificate for this name, and with one of our own in place of a password.
coda::task<> encrypt(coda::loop& l, std::string secure, std::string files) {
    std::string const verified = "application_name=shop&sslmode=verify-full&sslrootcert=" + files + "/authority.pem";
    std::string const ours = "&sslcert=" + files + "/coda.pem&sslkey=" + files + "/coda.key";
    co_await look(l, "TLS", with(secure, verified + ours));
    co_await look(l, "TLS, unnamed", with(secure, verified));
    co_await look(l, "TLS, to another name", with(secure, verified + ours + "&host=127.0.0.1"));
}

// What nobody could connect by is refused at once, without a word of what may be a secret.
void refuse(coda::loop& l, std::string where, pg::client_options options = {}) {
    try {
        pg::client const db(l, std::move(where), options);
    } catch (coda::exception const& e) {
        fmt::print("{}\n", e.what());
    }
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    std::string const uri = database(argc, argv);
    loop.run(connect(loop, uri, database(argc, argv, "CODA_TEST_POSTGRES_SOCKET_URI", "postgresql://")));
    loop.run(encrypt(loop, database(argc, argv, "CODA_TEST_POSTGRES_TLS_URI", "postgresql://localhost"),
                     database(0, nullptr, "CODA_TEST_POSTGRES_TLS_FILES", "/etc/ssl/private")));

    refuse(loop, "postgresql://localhost/shop?sslmode=verify-ful");
    refuse(loop, "postgresql://localhost/shop?ssl_mode=verify-full");
    refuse(loop, "host=localhost port=54321 user=shop password=two words");
    refuse(loop, "postgresql://shop:p@ssword@localhost/shop");
    refuse(loop, uri, {.connections = 0});
    refuse(loop, uri, {.connection = {.statement_timeout = std::chrono::hours(48)}});
}
