// SPDX-License-Identifier: BSL-1.0
// What a transaction does, and what becomes of it.
#include "on_postgres.hpp"

#include <coda/retry.hpp>

namespace postgres_transaction_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::result;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::postgres_session;
using coda::test::until;
using testing::HasSubstr;

class transaction : public coda::test::on_postgres_table {
protected:
    transaction() : on_postgres_table("n int primary key deferrable initially deferred") {}

    // A body that stores a number.
    auto stores(int n) {
        return [this, n](pg::transaction& tx) -> task<> { co_await tx.execute(insert(), n); };
    }
};
CODA_ON_EVERY_LOOP(transaction);

TEST_P(transaction, happens_as_a_whole_and_gives_what_its_body_gives) {
    auto db = connected();
    auto const body = [&](pg::transaction& tx) -> task<int> {
        co_await tx.execute(insert(), 1);
        EXPECT_EQ(stored_numbers(), "");
        co_await tx.execute(insert(), 2);
        co_return 7;
    };
    auto const test = [&]() -> task<> {
        auto const given = co_await db->transaction(body);
        EXPECT_EQ(given, 7);
        EXPECT_EQ(stored_numbers(), "1 2");
    };
    run(test());
}

TEST_P(transaction, whose_body_throws_is_undone_and_the_exception_goes_on) {
    auto db = connected();
    auto const body = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 1);
        throw std::runtime_error("not so");
    };
    auto const test = [&]() -> task<> {
        bool thrown = false;
        try {
            co_await db->transaction(body);
        } catch (std::runtime_error const& e) {
            thrown = e.what() == std::string("not so");
        }
        EXPECT_TRUE(thrown);
        EXPECT_EQ(stored_numbers(), "");
        co_await db->transaction(stores(2));
        EXPECT_EQ(stored_numbers(), "2");
    };
    run(test());
}

TEST_P(transaction, whose_statement_fails_is_undone_and_the_error_is_the_servers) {
    auto db = connected();
    auto const body = [&](pg::transaction& tx) -> coda::operation<> {
        auto const stored_one = co_await as_result(tx.execute(insert(), 1));
        EXPECT_TRUE(stored_one.has_value());
        auto const failed = co_await as_result(tx.query("select 1 / 0"));
        co_return failed.error();
    };
    auto const test = [&]() -> task<> {
        auto const r = co_await as_result(db->transaction(body));
        EXPECT_EQ(r.error().code(), pg::make_sqlstate("22012"));
        EXPECT_EQ(r.error().outcome(), outcome::completed);
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
        EXPECT_EQ(stored_numbers(), "");
    };
    run(test());
}

TEST_P(transaction, has_the_isolation_that_was_asked_for) {
    auto db = connected();
    auto const shows = [&](pg::transaction_options o, std::string expected) -> task<> {
        auto const body = [&](pg::transaction& tx) -> task<std::string> {
            auto const said = co_await tx.query_one<std::string>(
                "select concat_ws(' ', current_setting('transaction_isolation'), "
                "current_setting('transaction_read_only'), current_setting('transaction_deferrable'))");
            co_return said;
        };
        auto const said = co_await db->transaction(o, body);
        EXPECT_EQ(said, expected);
    };
    auto const test = [&]() -> task<> {
        co_await shows({}, "read committed off off");
        co_await shows({.isolation = pg::read_committed, .read_only = true}, "read committed on off");
        co_await shows({.isolation = pg::repeatable_read}, "repeatable read off off");
        co_await shows({.isolation = pg::serializable}, "serializable off off");
        co_await shows({.isolation = pg::serializable, .read_only = true, .deferrable = true}, "serializable on on");
    };
    run(test());
}

// What is many statements, or rows as they come, is a part of it like any other.
TEST_P(transaction, has_batches_streams_and_cursors) {
    auto db = connected();
    for (bool const commits : {false, true}) {
        auto const body = [&](pg::transaction& tx) -> task<> {
            std::vector<std::int32_t> const some{1, 2, 3};
            co_await gives(tx.execute_many(insert(), some), 3u);
            auto const [one, count] = co_await tx.pipeline(
                pg::execute(insert(), 4), pg::query_value<std::int64_t>("select count(*) from " + table()));
            EXPECT_EQ(one, 1u);
            EXPECT_EQ(count, 4);
            std::int32_t sum = 0;
            auto const all = "select n from " + table() + " order by n";
            auto rows = tx.stream<std::int32_t>(all);
            while (auto n = co_await rows.next()) sum += *n;
            EXPECT_EQ(sum, 10);
            auto cursor = co_await tx.open_cursor<std::int32_t>(all);
            auto const first = co_await cursor.fetch(2);
            EXPECT_THAT(first, testing::ElementsAre(1, 2));
            auto const rest = co_await cursor.fetch(9);
            EXPECT_THAT(rest, testing::ElementsAre(3, 4));
            EXPECT_EQ(stored(), 0);
            if (!commits) throw std::runtime_error("undo this");
        };
        auto const test = [&]() -> task<> {
            bool thrown = false;
            try {
                co_await db->transaction(body);
            } catch (std::runtime_error const&) {
                thrown = true;
            }
            EXPECT_NE(thrown, commits);
        };
        run(test());
        EXPECT_EQ(stored(), commits ? 4 : 0);
    }
}

TEST_P(transaction, in_which_one_of_many_fails_fails) {
    auto db = connected();
    std::vector<std::int32_t> const twice{1, 2, 1};
    auto const immediate = [&](pg::transaction& tx) { return tx.execute("set constraints all immediate"); };
    auto const many = [&](pg::transaction& tx) -> task<> {
        co_await immediate(tx);
        auto const r = co_await as_result(tx.execute_many(insert(), twice));
        EXPECT_EQ(r.error().code(), pg::sqlstate::unique_violation);
        EXPECT_EQ(r.error().details<pg::batch_error>()->index, 2u);
    };
    auto const together = [&](pg::transaction& tx) -> task<> {
        co_await immediate(tx);
        auto const r = co_await as_result(tx.pipeline(pg::execute(insert(), 1), pg::execute(insert(), 1)));
        EXPECT_EQ(r.error().code(), pg::sqlstate::unique_violation);
    };
    auto const streamed = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 7);
        auto rows = tx.stream<std::int32_t>("select 1000 / g from generate_series(1, -1, -1) g");
        co_await gives(rows.next(), std::optional<std::int32_t>(1000));
        auto const r = co_await as_result(rows.next());
        EXPECT_EQ(r.error().code(), pg::make_sqlstate("22012"));
    };
    auto const fails = [&](auto const& body) -> task<> {
        auto const r = co_await as_result(db->transaction(body));
        EXPECT_EQ(r.error().code(), pg::errc::transaction_failed) << "its body passed over it";
        EXPECT_EQ(stored(), 0);
    };
    auto const test = [&]() -> task<> {
        co_await fails(many);
        co_await fails(together);
        co_await fails(streamed);
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(test());
}

// Each reads what the other writes: one of the two COMMITs fails.
TEST_P(transaction, whose_commit_cannot_be_serialized_is_run_again_by_retry) {
    auto one = connected();
    auto other = connected();
    server().ask("insert into " + table() + " values (1), (2)");
    int runs = 0;
    coda::event read[2];
    auto const skewed = [&](int mine) {
        return [&, mine](pg::transaction& tx) -> task<> {
            ++runs;
            auto const sum = co_await tx.query_value<std::int64_t>("select sum(n) from " + table());
            read[mine].set();
            co_await read[1 - mine].wait();
            co_await tx.execute(insert(), static_cast<std::int32_t>(10 * sum + mine));
        };
    };
    auto const ends = [&](pg::connection& db, int mine) -> task<> {
        auto const attempt = [&]() -> task<> {
            co_await db.transaction({.isolation = pg::serializable}, skewed(mine));
        };
        co_await coda::retry(coda::retry_policy::transient(), attempt);
    };
    auto const test = [&]() -> task<> { co_await coda::when_all(ends(*one, 0), ends(*other, 1)); };
    run(test());
    EXPECT_EQ(runs, 3);
    EXPECT_EQ(stored(), 4);
    EXPECT_EQ(server().count("select count(distinct n / 10) from " + table() + " where n >= 10"), 2)
        << "the one that was run again has seen the other";
}

TEST_P(transaction, that_cannot_be_serialized_is_run_again_by_retry) {
    auto db = connected();
    server().ask("insert into " + table() + " values (1)");
    int runs = 0;
    auto const body = [&](pg::transaction& tx) -> task<> {
        ++runs;
        auto const sum = co_await tx.query_one<std::int64_t>("select sum(n) from " + table());
        if (runs == 1) server().ask("update " + table() + " set n = n + 10");
        co_await tx.execute("update " + table() + " set n = $1", static_cast<std::int32_t>(sum * 2));
    };
    auto const attempt = [&]() -> task<> { co_await db->transaction({.isolation = pg::repeatable_read}, body); };
    auto const test = [&]() -> task<> { co_await coda::retry(coda::retry_policy::transient(), attempt); };
    run(test());
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(stored_numbers(), "22");
}

TEST_P(transaction, in_a_deadlock_is_run_again_by_retry) {
    auto one = connected();
    auto other = connected();
    server().ask("insert into " + table() + " values (1), (2)");
    int runs = 0;
    coda::event first_locked[2];
    auto const lock = "select n from " + table() + " where n = $1 for update";
    auto const in_order = [&](int mine) {
        return [&, mine](pg::transaction& tx) -> task<> {
            ++runs;
            co_await tx.set_local("deadlock_timeout", "10ms");
            co_await tx.query(lock, 1 + mine);
            first_locked[mine].set();
            co_await first_locked[1 - mine].wait();
            co_await tx.query(lock, 2 - mine);
        };
    };
    auto const ends = [&](pg::connection& db, int mine) -> task<> {
        auto const attempt = [&]() -> task<> { co_await db.transaction(in_order(mine)); };
        co_await coda::retry(coda::retry_policy::transient(), attempt);
    };
    auto const test = [&]() -> task<> { co_await coda::when_all(ends(*one, 0), ends(*other, 1)); };
    run(test());
    EXPECT_GE(runs, 3);
}

TEST_P(transaction, whose_commit_fails_has_not_happened) {
    auto db = connected();
    auto const twice = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 1);
        co_await tx.execute(insert(), 1); // the key is checked at the end
    };
    auto const test = [&]() -> task<> {
        auto const r = co_await as_result(db->transaction(twice));
        EXPECT_EQ(r.error().code(), pg::sqlstate::unique_violation) << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::completed);
        EXPECT_EQ(stored_numbers(), "");
        co_await db->transaction(stores(1));
        EXPECT_EQ(stored_numbers(), "1");
    };
    run(test());
}

// The server answers such a COMMIT with ROLLBACK, and calls that a success.
TEST_P(transaction, whose_body_passes_over_a_failure_fails) {
    auto db = connected();
    auto const body = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 1);
        static_cast<void>(co_await as_result(tx.query("select 1 / 0")));
    };
    auto const test = [&]() -> task<> {
        auto const r = co_await as_result(db->transaction(body));
        EXPECT_EQ(r.error().code(), pg::errc::transaction_failed);
        EXPECT_EQ(r.error().outcome(), outcome::completed);
        EXPECT_THAT(r.error().message(), HasSubstr("22012"));
        EXPECT_EQ(stored_numbers(), "");
    };
    run(test());
}

TEST_P(transaction, is_refused_where_it_cannot_be) {
    auto db = connected();
    pg::connection idle(loop(), server().uri());
    auto const inner = [&](pg::transaction&) -> task<> {
        auto const r = co_await as_result(db->transaction(stores(1)));
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_THAT(r.error().message(), HasSubstr("savepoint"));
    };
    auto const test = [&]() -> task<> {
        co_await db->transaction(inner);
        auto const without = co_await as_result(idle.transaction(stores(1)));
        EXPECT_EQ(without.error().code(), coda::errc::not_connected);
        auto const unbounded = co_await as_result(db->transaction({.rollback_timeout = 0s}, stores(1)));
        EXPECT_THAT(unbounded.error().message(), HasSubstr("rollback_timeout"));
        co_await db->execute("begin");
        auto const second = co_await as_result(db->transaction(stores(1)));
        EXPECT_EQ(second.error().code(), coda::errc::invalid_argument);
        co_await db->execute("rollback");
        co_await db->transaction(stores(2));
        EXPECT_EQ(stored_numbers(), "2");
    };
    run(test());
}

TEST_P(transaction, refuses_what_would_end_it) {
    auto db = connected();
    auto const body = [&](pg::transaction& tx) -> task<> {
        for (auto const* sql : {"commit", "END", "/* now */ rollback", "abort", "begin", "start transaction",
                                "prepare transaction 'x'"}) {
            auto const r = co_await as_result(tx.execute(sql));
            EXPECT_EQ(r.error().code(), coda::errc::invalid_argument) << sql;
            EXPECT_EQ(r.error().outcome(), outcome::not_sent) << sql;
        }
        co_await tx.execute("prepare something as select 1");
        co_await tx.execute(insert(), 1);
    };
    auto const test = [&]() -> task<> { co_await db->transaction(body); };
    run(test());
    EXPECT_EQ(stored_numbers(), "1");
}

TEST_P(transaction, runs_no_statement_when_it_is_over) {
    auto db = connected();
    std::optional<coda::operation<std::uint64_t>> late;
    auto const body = [&](pg::transaction& tx) -> task<> {
        late.emplace(tx.execute(insert(), 1));
        co_return;
    };
    auto const test = [&]() -> task<> {
        co_await db->transaction(body);
        auto const r = co_await as_result(*std::move(late));
        EXPECT_EQ(r.error().code(), pg::errc::transaction_over);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
    };
    run(test());
    EXPECT_EQ(stored_numbers(), "");
}

TEST_P(transaction, savepoints_undo_a_part_of_it) {
    auto db = connected();
    auto const fails = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 2);
        co_await tx.query("select 1 / 0");
    };
    auto const throws = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 3);
        throw std::runtime_error("not so");
    };
    auto const nested = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 4);
        auto const r = co_await as_result(tx.savepoint(fails));
        EXPECT_EQ(r.error().code(), pg::make_sqlstate("22012"));
        co_await tx.savepoint(stores(5));
    };
    auto const body = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 1);
        auto const r = co_await as_result(tx.savepoint(fails));
        EXPECT_EQ(r.error().code(), pg::make_sqlstate("22012"));
        try {
            co_await tx.savepoint(throws);
        } catch (std::runtime_error const&) {}
        co_await tx.savepoint(nested);
    };
    auto const test = [&]() -> task<> { co_await db->transaction(body); };
    run(test());
    EXPECT_EQ(stored_numbers(), "1 4 5");
}

TEST_P(transaction, a_savepoint_whose_body_passes_over_a_failure_fails_alone) {
    auto db = connected();
    auto const passes_over = [&](pg::transaction& tx) -> task<> {
        static_cast<void>(co_await as_result(tx.query("select 1 / 0")));
    };
    auto const body = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 1);
        auto const r = co_await as_result(tx.savepoint(passes_over));
        EXPECT_EQ(r.error().code(), pg::errc::transaction_failed);
        EXPECT_THAT(r.error().message(), HasSubstr("22012"));
    };
    auto const test = [&]() -> task<> { co_await db->transaction(body); };
    run(test());
    EXPECT_EQ(stored_numbers(), "1");
}

TEST_P(transaction, is_not_used_while_its_savepoint_is_under_way) {
    auto db = connected();
    auto const body = [&](pg::transaction& tx) -> task<> {
        auto const inner = [&](pg::transaction& in) -> task<> {
            auto const r = co_await as_result(tx.execute(insert(), 1));
            EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
            auto const beside = co_await as_result(tx.savepoint(stores(2)));
            EXPECT_EQ(beside.error().code(), coda::errc::invalid_argument);
            co_await in.execute(insert(), 3);
        };
        co_await tx.savepoint(inner);
        co_await tx.execute(insert(), 4);
    };
    auto const test = [&]() -> task<> { co_await db->transaction(body); };
    run(test());
    EXPECT_EQ(stored_numbers(), "3 4");
}

TEST_P(transaction, settings_are_its_own) {
    auto db = connected();
    auto const body = [&](pg::transaction& tx) -> task<> {
        co_await tx.set_local("work_mem", "128kB");
        co_await gives(tx.query_one<std::string>("show work_mem"), "128kB");
    };
    auto const test = [&]() -> task<> {
        auto const before = co_await db->query_one<std::string>("show work_mem");
        co_await db->transaction(body);
        co_await gives(db->query_one<std::string>("show work_mem"), before);
    };
    run(test());
}

TEST_P(transaction, tells_the_server_how_much_time_is_left) {
    auto db = connected();
    auto const limit = [](pg::transaction& tx) -> task<std::int32_t> {
        auto const ms = co_await tx.query_one<std::int32_t>(
            "select setting::int from pg_settings where name = 'statement_timeout'");
        co_return ms;
    };
    auto const test = [&]() -> task<> {
        co_await gives(db->transaction(limit), 0);
        auto const bounded = co_await coda::with_timeout(60s, db->transaction(limit));
        EXPECT_GT(bounded, 1'000);
        EXPECT_LE(bounded, 61'000);
        auto const not_asked = co_await coda::with_timeout(60s, db->transaction({.send_deadline = false}, limit));
        EXPECT_EQ(not_asked, 0);
        co_await db->execute("set statement_timeout = '1s'");
        auto const shorter = co_await coda::with_timeout(60s, db->transaction(limit));
        EXPECT_EQ(shorter, 1'000) << "a limit of the session's stands";
    };
    run(test());
}

// What one leaves on the connection that a client lends it, the next does not find there.
TEST_P(transaction, of_a_client_leaves_nothing_for_the_next) {
    pg::client db(loop(), server().uri(), {.pool = {.max_size = 1}});
    std::int32_t pid = 0;
    auto const leaves = [&](pg::transaction& tx) -> task<> {
        pid = co_await tx.query_value<std::int32_t>("select pg_backend_pid()");
        for (auto const* sql : {"set work_mem = '1234kB'", "select set_config('app.user', 'me', false)",
                                "create temp table left_over (id int)", "listen left_over", "prepare p as select 1",
                                "declare c cursor with hold for select 1", "select pg_advisory_lock(815)"})
            co_await tx.execute(sql);
    };
    auto const finds = [&](pg::transaction& tx) -> task<> {
        EXPECT_EQ(co_await tx.query_value<std::int32_t>("select pg_backend_pid()"), pid);
        auto const found = co_await tx.query_value<std::string>(
            "select concat_ws(',', nullif(current_setting('work_mem'), '1234kB') is null, "
            "coalesce(current_setting('app.user', true), ''), to_regclass('pg_temp.left_over'), "
            "(select count(*) from pg_listening_channels()), (select count(*) from pg_cursors where name = 'c'), "
            "(select count(*) from pg_prepared_statements where name = 'p'), "
            "(select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()))");
        EXPECT_EQ(found, "f,,0,0,0,0");
    };
    auto const body = [&]() -> task<> {
        co_await db.transaction(leaves);
        co_await db.transaction(finds);
        co_await db.close();
    };
    run(body());
}

TEST_P(transaction, holds_an_advisory_lock_until_it_ends) {
    auto one = connected();
    auto other = connected();
    auto const key = server().fresh_key();
    auto const tries = [&](pg::transaction& tx) -> task<bool> {
        auto const had = co_await tx.try_advisory_lock(key);
        co_return had;
    };
    auto const holds = [&](pg::transaction& tx) -> task<> {
        co_await tx.advisory_lock(key);
        co_await gives(other->transaction(tries), false);
    };
    auto const test = [&]() -> task<> {
        co_await one->transaction(holds);
        co_await gives(other->transaction(tries), true);
    };
    run(test());
}

class a_deferrable_transaction : public transaction {
protected:
    void SetUp() override {
        transaction::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        writer_.emplace(coda::test::server_variable("CODA_TEST_POSTGRES_URI"));
        writer_->ask("begin isolation level serializable");
        writer_->ask("insert into " + table() + " values (1)");
    }
    void TearDown() override {
        writer_.reset();
        transaction::TearDown();
    }

    static constexpr pg::transaction_options deferrable{
        .isolation = pg::serializable, .read_only = true, .deferrable = true};

    // Somebody else's, that reads and writes.
    postgres_session& writer() { return *writer_; }
    // Whether the connection waits until others have ended, by the server's own word.
    bool waits(pg::connection const& db) {
        return server().ask(fmt::format("select wait_event from pg_stat_activity where pid = {}", db.backend_pid())) ==
               "SafeSnapshot";
    }
    // A body that reads.
    auto reads() {
        return [this](pg::transaction& tx) -> task<> {
            co_await tx.query("select n from " + table());
            has_read = true;
        };
    }
    bool has_read = false;

private:
    std::optional<postgres_session> writer_;
};
CODA_ON_EVERY_LOOP(a_deferrable_transaction);

TEST_P(a_deferrable_transaction, reads_nothing_before_those_who_write_have_ended) {
    auto db = connected();
    auto const body = [&](scope& s) -> task<> {
        co_await db->transaction({.isolation = pg::serializable, .read_only = true}, reads());
        EXPECT_TRUE(has_read) << "one that is not deferrable";
        has_read = false;
        auto reader = s.spawn(db->transaction(deferrable, reads()));
        co_await until([&] { return waits(*db); });
        EXPECT_FALSE(has_read);
        writer().ask("commit");
        co_await reader.join();
        EXPECT_TRUE(has_read);
    };
    run(coda::with_scope(body));
}

TEST_P(a_deferrable_transaction, may_be_left_while_it_waits) {
    auto db = connected();
    auto const pid = db->backend_pid();
    auto const usable = [&]() -> task<> {
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
        EXPECT_EQ(server().active(), 0);
    };
    auto const body = [&](scope& s) -> task<> {
        auto reader = s.spawn(db->transaction(deferrable, reads()));
        co_await until([&] { return waits(*db); });
        co_await gives(reader.cancel(), outcome::not_sent, "it has only read");
        co_await usable();
        auto const late = co_await as_result(coda::with_timeout(50ms, db->transaction(deferrable, reads())));
        EXPECT_EQ(late.error().code(), coda::errc::timed_out);
        EXPECT_EQ(late.error().outcome(), outcome::not_sent);
        co_await usable();
        EXPECT_FALSE(has_read);
        EXPECT_EQ(writer().ask("select n from " + table()), "1") << "it was not disturbed";
        writer().ask("rollback");
        co_await db->transaction(deferrable, reads());
        EXPECT_TRUE(has_read);
    };
    run(coda::with_scope(body));
}

} // namespace postgres_transaction_test
