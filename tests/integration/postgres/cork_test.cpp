// SPDX-License-Identifier: BSL-1.0
// Statements that wait together leave together, over TCP and over a unix-domain socket.
#include "cork.hpp"
#include "libpq_17.hpp"
#include "on_postgres.hpp"
#include "support/packets.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace postgres_cork_test {

namespace pg = coda::pg;
using coda::as_result;
using coda::task;
using coda::pg::detail::cork;
using coda::pg::detail::put_sync;
using coda::test::fd_snapshot;
using coda::test::unique_fd;

constexpr char const* over_tcp = "CODA_TEST_POSTGRES_URI";
constexpr char const* over_unix = "CODA_TEST_POSTGRES_SOCKET_URI";

// libpq by itself, in pipeline mode.
class a_cork : public testing::TestWithParam<char const*> {
protected:
    void SetUp() override {
        coda::test::require_server("CODA_TEST_POSTGRES_URI");
        if (IsSkipped() || HasFatalFailure()) return;
        connection_.reset(PQconnectdb(coda::test::server_variable(GetParam()).c_str()));
        ASSERT_EQ(PQstatus(c()), CONNECTION_OK) << PQerrorMessage(c());
        ASSERT_EQ(PQsetnonblocking(c(), 1), 0);
        ASSERT_EQ(PQenterPipelineMode(c()), 1);
        cork(c()).put_in(); // what a thread keeps for all its corks is there from now on
    }

    PGconn* c() const noexcept { return connection_.get(); }

    // Three statements, each with its Sync.
    void ask() {
        for (char const* const sql : {"select 1", "select 2", "select 3"}) {
            ASSERT_EQ(PQsendQueryParams(c(), sql, 0, nullptr, nullptr, nullptr, nullptr, 0), 1);
            ASSERT_TRUE(put_sync(c()));
        }
    }

    // All replies to `ask`.
    void expect_answers() {
        ASSERT_EQ(PQsetnonblocking(c(), 0), 0);
        for (char const* const answer : {"1", "2", "3"}) {
            auto* const rows = PQgetResult(c());
            ASSERT_EQ(PQresultStatus(rows), PGRES_TUPLES_OK) << PQresultErrorMessage(rows);
            EXPECT_STREQ(PQgetvalue(rows, 0, 0), answer);
            PQclear(rows);
            EXPECT_EQ(PQgetResult(c()), nullptr);
            auto* const sync = PQgetResult(c());
            EXPECT_EQ(PQresultStatus(sync), PGRES_PIPELINE_SYNC);
            PQclear(sync);
        }
    }

    // Whether the kernel keeps back what is written, where it can.
    bool is_kept_by_kernel() const {
        int is = 0;
        socklen_t size = sizeof is;
        return getsockopt(PQsocket(c()), IPPROTO_TCP, TCP_CORK, &is, &size) == 0 && is != 0;
    }

private:
    struct finish {
        void operator()(PGconn* what) const noexcept { PQfinish(what); }
    };
    std::unique_ptr<PGconn, finish> connection_;
};
INSTANTIATE_TEST_SUITE_P(, a_cork, testing::Values(over_tcp, over_unix),
                         [](auto const& way) { return way.param == over_tcp ? "tcp" : "unix_socket"; });

TEST_P(a_cork, keeps_back_what_is_written_until_it_is_out) {
    {
        cork kept_back(c());
        kept_back.put_in();
        ask();
        if (PQsendPipelineSync == nullptr && GetParam() == over_tcp) EXPECT_TRUE(is_kept_by_kernel());
        if (PQsendPipelineSync == nullptr && GetParam() == over_unix) EXPECT_EQ(PQflush(c()), 1);
    }
    EXPECT_FALSE(is_kept_by_kernel());
    EXPECT_EQ(PQflush(c()), 0);
    expect_answers();
}

TEST_P(a_cork, that_was_not_put_in_keeps_nothing) {
    cork kept_back(c());
    ask();
    EXPECT_FALSE(is_kept_by_kernel());
    EXPECT_EQ(PQflush(c()), 0);
    expect_answers();
}

TEST_P(a_cork, leaves_the_socket_and_who_watches_it_as_they_were) {
    unique_fd const poll(epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 7}};
    ASSERT_EQ(epoll_ctl(poll.get(), EPOLL_CTL_ADD, PQsocket(c()), &event), 0);
    auto const before = fd_snapshot::take();
    for (auto n = 0; n < 3; ++n) {
        {
            cork kept_back(c());
            kept_back.put_in();
            kept_back.put_in();
            ask();
        }
        EXPECT_THAT(fd_snapshot::take().opened_since(before), testing::IsEmpty());
        EXPECT_NE(fcntl(PQsocket(c()), F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_EQ(PQflush(c()), 0);
        epoll_event seen{};
        ASSERT_EQ(epoll_wait(poll.get(), &seen, 1, -1), 1);
        std::uint64_t const which = seen.data.u64; // of a packed struct no reference may be taken
        EXPECT_EQ(which, 7u);
        EXPECT_EQ(epoll_ctl(poll.get(), EPOLL_CTL_MOD, PQsocket(c()), &event), 0);
        expect_answers();
        ASSERT_EQ(PQsetnonblocking(c(), 1), 0);
    }
}

TEST_P(a_cork, is_done_without_where_no_descriptor_is_left) {
    auto const before = fd_snapshot::take();
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlimit const none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    {
        cork kept_back(c());
        kept_back.put_in();
        ask();
    }
    setrlimit(RLIMIT_NOFILE, &limit);
    EXPECT_THAT(fd_snapshot::take().opened_since(before), testing::IsEmpty());
    EXPECT_EQ(PQflush(c()), 0);
    expect_answers();
}

// Through a client or a connection of coda.
class statements_together : public coda::test::on_postgres {
protected:
    void SetUp() override {
        coda::test::require_server("CODA_TEST_POSTGRES_URI");
        if (IsSkipped() || HasFatalFailure()) return;
        warm_up();
        on_postgres::SetUp();
    }

    // What a thread keeps for all its corks is there before sockets are counted.
    static void warm_up() {
        coda::test::postgres_session const session(coda::test::server_variable(over_unix));
        cork(session.native()).put_in();
    }

    static task<> asks(pg::connection& db, std::int32_t n) {
        co_await coda::test::gives(db.query_one<std::int32_t>("select $1::int4", n), n);
    }

    // A value, an error, or 50 KB, which fill what a socket takes.
    static task<> asks_something(pg::client& db, std::int32_t n) {
        if (n % 3 == 1) {
            auto const r = co_await as_result(db.query_one<std::int32_t>("select $1::int4 / 0", n));
            EXPECT_EQ(r.has_error() ? r.error().code() : coda::error_code(), pg::make_sqlstate("22012"));
        } else if (n % 3 == 2) {
            std::string const large(50'000, static_cast<char>('a' + n % 26));
            auto const r = co_await as_result(db.query_one<std::string>("select $1::text", large));
            EXPECT_TRUE(r.has_value() && *r == large);
        } else {
            co_await coda::test::gives(db.query_one<std::int32_t>("select $1::int4", n), n);
        }
    }
};
CODA_ON_EVERY_LOOP(statements_together);

TEST_P(statements_together, leave_in_one_packet) {
    constexpr std::int32_t many = 16;
    pg::connection db(loop(), server().uri("&sslmode=disable"));
    auto const all = [&](coda::scope& s) -> task<> {
        for (std::int32_t n = 0; n < many; ++n) s.spawn(asks(db, n));
        co_return;
    };
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await asks(db, 0); // prepares it
        auto const before = coda::test::packets_sent();
        co_await coda::with_scope(all);
        // The kernel holds packets back for 200 ms at most, however long this process stands still.
        auto const sent = coda::test::packets_sent() - before;
        EXPECT_GE(sent, 1u);
        EXPECT_LE(sent, static_cast<unsigned>(many / 4));
        co_await db.close();
    };
    run(body());
}

TEST_P(statements_together, over_a_unix_socket_get_each_its_own_reply) {
    pg::client db(loop(), server().socket_uri(), {.connections = 2});
    auto const all = [&](coda::scope& s) -> task<> {
        for (std::int32_t n = 0; n < 600; ++n) s.spawn(asks_something(db, n));
        co_return;
    };
    auto const body = [&]() -> task<> {
        for (auto round = 0; round < 3; ++round) co_await coda::with_scope(all);
        co_await db.close();
    };
    run(body());
}

} // namespace postgres_cork_test
