// SPDX-License-Identifier: BSL-1.0
// Advisory locks held by objects.
#include "on_postgres.hpp"
#include "support/cancel_everywhere.hpp"

namespace postgres_advisory_lock_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::until;

class advisory_lock : public coda::test::on_postgres {
protected:
    void SetUp() override {
        on_postgres::SetUp();
        if (!IsSkipped() && !HasFatalFailure()) key_ = server().fresh_key();
    }
    long key() const { return key_; }
    long holding() { return server().holding(key_); }
    task<> until_free() {
        co_await until([&] { return holding() == 0; }, "the lock is still held");
    }

private:
    long key_ = 0;
};
CODA_ON_EVERY_LOOP(advisory_lock);

TEST_P(advisory_lock, is_held_until_its_lease_goes) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        {
            auto const lock = co_await db->advisory_lock(key());
            EXPECT_TRUE(lock.held());
            EXPECT_EQ(holding(), 1);
        }
        co_await until_free();
        EXPECT_TRUE(db->usable());
        auto again = co_await db->advisory_lock(key());
        co_await again.unlock();
        EXPECT_EQ(holding(), 0);
        EXPECT_FALSE(again.held());
        co_await again.unlock();
    };
    run(body());
}

TEST_P(advisory_lock, keeps_others_out_until_then) {
    auto const mine = connected();
    auto const other = connected();
    auto const body = [&](scope& s) -> task<> {
        auto lock = co_await mine->advisory_lock(key());
        auto const none = co_await other->try_advisory_lock(key());
        EXPECT_FALSE(none.has_value());
        bool got = false;
        auto const wait = [&]() -> task<> {
            auto const theirs = co_await other->advisory_lock(key());
            got = true;
        };
        auto waiting = s.spawn(wait());
        co_await until([&] { return server().waiting_for(key()) == 1; });
        EXPECT_FALSE(got);
        lock.release();
        co_await waiting.join();
        EXPECT_TRUE(got);
    };
    run(coda::with_scope(body));
}

TEST_P(advisory_lock, that_is_shared_is_held_by_several) {
    auto const mine = connected();
    auto const other = connected();
    auto const body = [&]() -> task<> {
        auto const a = co_await mine->advisory_lock(key(), pg::lock_mode::shared);
        auto const b = co_await other->try_advisory_lock(key(), pg::lock_mode::shared);
        EXPECT_TRUE(b.has_value());
        EXPECT_EQ(holding(), 2);
        auto const none = co_await other->try_advisory_lock(key() + 1'000'000);
        EXPECT_TRUE(none.has_value());
    };
    run(body());
    run(until_free());
}

TEST_P(advisory_lock, is_taken_once_by_each_session) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        auto const lock = co_await db->advisory_lock(key());
        auto const twice = co_await as_result(db->advisory_lock(key()));
        EXPECT_EQ(twice.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(twice.error().outcome(), outcome::not_sent);
        auto const both = co_await db->advisory_lock(key(), pg::lock_mode::shared);
        EXPECT_EQ(holding(), 2) << "another mode is another lock";
    };
    run(body());
}

TEST_P(advisory_lock, of_one_who_leaves_while_he_waits_is_not_held) {
    auto const db = connected();
    server().lock(key());
    auto const body = [&]() -> task<> {
        auto const late = co_await as_result(coda::with_timeout(20ms, db->advisory_lock(key())));
        EXPECT_EQ(late.error().code(), coda::errc::timed_out);
        server().unlock(key());
        co_await db->query("select 1");
        co_await until_free();
        EXPECT_TRUE(db->usable());
        auto const mine = co_await db->try_advisory_lock(key());
        EXPECT_TRUE(mine.has_value());
    };
    run(body());
}

TEST_P(advisory_lock, of_one_who_is_cancelled_anywhere_is_not_held) {
    auto const db = connected();
    auto const take = [&]() -> task<> { auto const lock = co_await db->advisory_lock(key()); };
    auto const body = [&]() -> task<> {
        for (int n = 1; n < 10; ++n) {
            coda::cancel_source stop;
            auto const ask = [&](scope& s) -> task<> {
                auto taking = s.spawn(take());
                for (int turn = 0; turn < n; ++turn) co_await coda::yield();
                co_await taking.cancel();
            };
            co_await coda::with_scope(ask);
            co_await db->query("select 1");
            co_await until_free();
        }
        EXPECT_TRUE(db->usable());
    };
    run(body());
}

TEST_P(advisory_lock, is_gone_with_its_connection) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const lock = co_await db->advisory_lock(key());
        server().terminate_all();
        co_await until([&] { return !db->usable(); });
        EXPECT_FALSE(lock.held());
        co_await db->connect();
        EXPECT_FALSE(lock.held()) << "that is another session";
        auto kept = co_await db->advisory_lock(key());
        EXPECT_TRUE(kept.held());
        db.reset();
        EXPECT_FALSE(kept.held());
        co_await until_free();
    };
    run(body());
}

// It may be somebody else's by then.
TEST_P(advisory_lock, of_before_a_reset_gives_back_nothing) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        auto before = co_await db->advisory_lock(key());
        co_await db->reset();
        EXPECT_EQ(holding(), 0);
        auto const after = co_await db->advisory_lock(key());
        before.release();
        co_await db->query("select 1");
        EXPECT_EQ(holding(), 1);
        EXPECT_TRUE(after.held());
    };
    run(body());
}

// Before what is asked next, which may take long.
TEST_P(advisory_lock, is_given_back_at_once) {
    auto const db = connected({.drain_timeout = 20ms});
    auto const body = [&](scope& s) -> task<> {
        { auto const lock = co_await db->advisory_lock(key()); }
        auto const sleep = [&]() -> task<> { co_await db->query("select pg_sleep(0.2)"); };
        auto sleeping = s.spawn(sleep());
        co_await until_free();
        co_await sleeping.join();
        EXPECT_TRUE(db->usable());
    };
    run(coda::with_scope(body));
}

TEST_P(advisory_lock, may_be_given_back_while_rows_are_read) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        auto lock = co_await db->advisory_lock(key());
        auto rows = db->stream<int>("select n from generate_series(1, 10) n");
        int n = 0;
        while (co_await rows.next())
            if (++n == 3) lock.release();
        EXPECT_EQ(n, 10);
        co_await until_free();
        EXPECT_TRUE(db->usable());
    };
    run(body());
}

// The next attempt ends the session, and with it the lock.
TEST_P(advisory_lock, is_not_forgotten_where_unlocking_fails) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        auto lock = co_await db->advisory_lock(key());
        co_await db->execute("begin");
        co_await as_result(db->execute("select 1 / 0"));
        auto const failed = co_await as_result(lock.unlock());
        EXPECT_EQ(failed.error().code(), pg::make_sqlstate("25P02"));
        EXPECT_FALSE(lock.held());
        co_await until_free();
        EXPECT_FALSE(db->usable());
        auto const next = co_await as_result(db->query("select 1"));
        EXPECT_THAT(next.error().message(), testing::HasSubstr("25P02"));
    };
    run(body());
}

TEST_P(advisory_lock, given_back_hides_no_transaction) {
    auto const db = connected();
    auto const nothing = [](pg::transaction&) -> task<> { co_return; };
    auto const body = [&]() -> task<> {
        auto lock = co_await db->advisory_lock(key());
        co_await db->execute("begin");
        lock.release();
        auto const twice = co_await as_result(db->transaction(nothing));
        EXPECT_EQ(twice.error().code(), coda::errc::invalid_argument);
    };
    run(body());
}

TEST_P(advisory_lock, outlasts_transactions) {
    auto const db = connected();
    auto const inside = [&](pg::transaction& tx) -> task<> { co_await tx.execute("select 1"); };
    auto const body = [&]() -> task<> {
        auto const lock = co_await db->advisory_lock(key());
        co_await db->transaction(inside);
        EXPECT_EQ(holding(), 1);
    };
    run(body());
}

TEST_P(advisory_lock, of_a_client_has_its_connection_until_it_is_given_back) {
    pg::client db(loop(), server().uri(), {.pool = {.max_size = 1, .acquire_timeout = 20s}});
    auto const body = [&]() -> task<> {
        auto lock = co_await db.advisory_lock(key());
        EXPECT_EQ(db.leased_statistics().in_use, 1u);
        EXPECT_EQ(holding(), 1);
        auto const none = co_await as_result(coda::with_timeout(20ms, db.try_advisory_lock(key() + 1)));
        EXPECT_EQ(none.error().code(), coda::errc::timed_out);
        lock.release();
        co_await until_free();
        auto const next = co_await db.try_advisory_lock(key());
        EXPECT_TRUE(next.has_value());
    };
    run(body());
    auto const close = [&]() -> task<> { co_await db.close(); };
    run(close());
}

TEST_P(advisory_lock, that_goes_after_its_client_gives_back_nothing_more) {
    auto const body = [&]() -> task<> {
        std::optional<pg::client> db(std::in_place, loop(), server().uri());
        auto const lock = co_await db->advisory_lock(key());
        db.reset();
        EXPECT_FALSE(lock.held());
    };
    run(body());
    run(until_free());
}

} // namespace postgres_advisory_lock_test
