// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/required_server.hpp"
#include "support/socket.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <stdexcept>

namespace coda::test {

// A blocking session with the PostgreSQL of scripts/servers, apart from the code under test: to prepare, to look at
// what the server knows, to hold locks and to end backends. Throws std::runtime_error with the server's words.
class postgres_session {
public:
    explicit postgres_session(std::string const& uri) : connection_(PQconnectdb(uri.c_str())) {
        if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
        PQsetNoticeProcessor(connection_.get(), [](void*, char const*) {}, nullptr);
    }

    // Runs it; gives the first value of the last result, or nothing.
    std::string ask(std::string const& sql) {
        std::unique_ptr<PGresult, decltype(&PQclear)> const r(PQexec(connection_.get(), sql.c_str()), &PQclear);
        auto const status = PQresultStatus(r.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            throw std::runtime_error(PQerrorMessage(connection_.get()));
        return PQntuples(r.get()) > 0 ? PQgetvalue(r.get(), 0, 0) : "";
    }
    long count(std::string const& sql) { return std::stol(ask(sql)); }
    PGconn* native() const noexcept { return connection_.get(); }

private:
    struct finish {
        void operator()(PGconn* c) const noexcept { PQfinish(c); }
    };
    std::unique_ptr<PGconn, finish> connection_;
};

// What one test needs of the server, and shares with no other test or process: a mark for its connections, names for
// its tables and keys for its locks.
class postgres_server {
public:
    postgres_server() : session_(server_variable("CODA_TEST_POSTGRES_URI")) {}

    postgres_session& session() { return session_; }
    std::string ask(std::string const& sql) { return session_.ask(sql); }
    long count(std::string const& sql) { return session_.count(sql); }

    std::string const& mark() const { return mark_; }
    std::string uri(std::string const& more = {}) const {
        return server_variable("CODA_TEST_POSTGRES_URI") + "?application_name=" + mark_ + more;
    }
    std::string socket_uri() const {
        return server_variable("CODA_TEST_POSTGRES_SOCKET_URI") + "&application_name=" + mark_;
    }
    endpoint where() const {
        auto const uri = server_variable("CODA_TEST_POSTGRES_URI");
        auto const port = uri.substr(uri.rfind(':') + 1);
        return endpoint::tcp(static_cast<std::uint16_t>(std::stoi(port)));
    }
    // Through a proxy on this port, without TLS, whose handshake would be a round trip more.
    std::string uri_at(std::uint16_t port, std::string const& more = {}) const {
        return fmt::format("postgresql://coda@127.0.0.1:{}/coda?sslmode=disable&application_name={}{}", port, mark_,
                           more);
    }

    // Connections with this test's mark.
    long connections() {
        return count(fmt::format("select count(*) from pg_stat_activity where application_name = '{}'", mark_));
    }
    // Of these, the ones that run a statement now.
    long active() {
        return count(fmt::format(
            "select count(*) from pg_stat_activity where application_name = '{}' and state = 'active'", mark_));
    }
    // How many hold the lock, and how many wait for it.
    long holding(long key) { return locks(key, "granted"); }
    long waiting_for(long key) { return locks(key, "not granted"); }
    void lock(long key) { ask(fmt::format("select pg_advisory_lock({})", key)); }
    void unlock(long key) { ask(fmt::format("select pg_advisory_unlock({})", key)); }
    // Ends the server's processes of this test's connections.
    long terminate_all() {
        return count(fmt::format(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = '{}'", mark_));
    }

    // A name and a key that nobody else has.
    std::string fresh_name() const { return fmt::format("t_{}_{}", getpid(), next()); }
    long fresh_key() const { return (static_cast<long>(getpid()) << 32) + next(); }

private:
    // Other tests have locks too: the whole key counts.
    long locks(long key, std::string_view state) {
        return count(fmt::format(
            "select count(*) from pg_locks where locktype = 'advisory' and {} and classid = {} and objid = {}", state,
            key >> 32, key & 0xffffffff));
    }
    static int next() {
        static std::atomic<int> last = 0;
        return ++last;
    }

    postgres_session session_;
    std::string mark_ = fmt::format("coda_{}_{}", getpid(), next());
};

} // namespace coda::test
