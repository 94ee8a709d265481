// SPDX-License-Identifier: BSL-1.0
// The pool's operations cancelled at each of their suspensions: no permit is lost and nobody is left waiting.
#include "support/cancel_everywhere.hpp"
#include "support/loops.hpp"
#include "unit/pool/scripted_connection.hpp"

#include <coda/runtime/run.hpp>

namespace cancel_everywhere_pool_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::task;
using coda::test::cancel_everywhere;
using coda::test::connections_to;
using coda::test::scripted_lease;
using coda::test::scripted_pool;
using coda::test::scripted_server;

class pool_everywhere : public coda::test::on_every_loop {
protected:
    // All connections that there may be can be had at once, and given back.
    static task<> has_all(scripted_pool& pool, std::size_t n) {
        std::vector<scripted_lease> all;
        for (std::size_t i = 0; i < n; ++i) all.push_back(co_await pool.acquire());
        EXPECT_EQ(pool.statistics().in_use, n);
        EXPECT_EQ(pool.statistics().waiters, 0u);
    }
};
CODA_ON_EVERY_LOOP(pool_everywhere);

TEST_P(pool_everywhere, acquire_that_waits_for_a_connect) {
    scripted_server server{.connect_takes = 1ms};
    auto const attempt = [&]() -> task<bool> {
        scripted_pool pool(loop(), connections_to(server), {.max_size = 2});
        bool taken = false;
        {
            auto const db = co_await as_result(pool.acquire());
            taken = db.has_value();
            if (!taken) {
                EXPECT_EQ(db.error().code(), coda::errc::cancelled);
                EXPECT_EQ(db.error().outcome(), coda::outcome::not_sent);
            }
        }
        co_await coda::shield(has_all(pool, 2));
        co_return taken;
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
    EXPECT_EQ(server.live, 0);
}

TEST_P(pool_everywhere, acquire_that_waits_for_another_to_give_back_and_be_reset) {
    scripted_server server{.reset_takes = 1ms};
    scripted_pool pool(loop(), connections_to(server), {.max_size = 1});
    auto const hold = [&](scripted_lease held) -> task<> {
        co_await coda::shield(coda::sleep_for(1ms));
        held->use();
    };
    auto const attempt = [&]() -> task<bool> {
        bool taken = false;
        auto const body = [&](coda::scope& s) -> task<> {
            s.spawn(hold(co_await coda::shield(pool.acquire())));
            auto const db = co_await as_result(pool.acquire());
            taken = db.has_value();
        };
        co_await as_result(coda::with_scope(body));
        co_await coda::shield(has_all(pool, 1));
        co_return taken;
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
    EXPECT_EQ(server.made, 1) << "the same connection all the time";
}

TEST_P(pool_everywhere, acquire_that_waits_for_a_ping) {
    scripted_server server{.ping_takes = 1ms};
    scripted_pool pool(loop(), connections_to(server), {.max_size = 1, .validate_after_idle = 0ms});
    auto const attempt = [&]() -> task<bool> {
        bool taken = false;
        {
            auto const db = co_await as_result(pool.acquire());
            taken = db.has_value();
        }
        co_await coda::shield(has_all(pool, 1));
        co_return taken;
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
    EXPECT_EQ(server.made, 1);
}

TEST_P(pool_everywhere, acquire_that_waits_while_the_pool_backs_off) {
    auto const attempt = [&]() -> task<bool> {
        scripted_server server{.refuses = coda::error(coda::errc::not_connected)};
        bool taken = false;
        {
            scripted_pool pool(loop(), connections_to(server), {.max_size = 1, .first_backoff = 2ms});
            auto const comes_back = [&]() -> task<> {
                co_await coda::sleep_for(1ms);
                server.refuses.reset();
            };
            auto const body = [&](coda::scope& s) -> task<> {
                s.spawn(coda::shield(comes_back()));
                auto const db = co_await as_result(pool.acquire());
                taken = db.has_value();
                if (!taken) EXPECT_EQ(db.error().outcome(), coda::outcome::not_sent);
            };
            static_cast<void>(co_await as_result(coda::with_scope(body)));
            co_await coda::shield(has_all(pool, 1));
        }
        EXPECT_EQ(server.live, 0);
        co_return taken;
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
}

TEST_P(pool_everywhere, close_leaves_nothing_wherever_it_is_cancelled) {
    scripted_server server{.close_takes = 1ms};
    auto const attempt = [&]() -> task<bool> {
        scripted_pool pool(loop(), connections_to(server), {.max_size = 2});
        co_await coda::shield(has_all(pool, 2));
        auto const closed = co_await as_result(pool.close());
        EXPECT_TRUE(closed.has_value());
        EXPECT_EQ(pool.statistics().size(), 0u);
        EXPECT_EQ(server.live, 0);
        coda::context const& here = co_await coda::this_context();
        co_return !here.cancel.requested();
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
}

TEST_P(pool_everywhere, close_that_waits_for_leases_aborts_them_when_it_is_cancelled) {
    scripted_server server;
    int left_out = 0;
    auto const attempt = [&]() -> task<bool> {
        scripted_pool pool(loop(), connections_to(server), {.max_size = 2});
        auto first = co_await coda::shield(pool.acquire());
        auto second = co_await coda::shield(pool.acquire());
        auto const give_back = [&]() -> task<> {
            co_await coda::sleep_for(1ms);
            first.release();
            co_await coda::sleep_for(1ms);
            second.release();
        };
        auto const body = [&](coda::scope& s) -> task<> {
            s.spawn(coda::shield(give_back()));
            auto const closed = co_await as_result(pool.close());
            EXPECT_TRUE(closed.has_value());
            EXPECT_EQ(pool.statistics().size(), 0u);
            for (auto const* db : {&first, &second}) {
                if (!*db) continue;
                ++left_out;
                EXPECT_FALSE((*db)->usable());
            }
        };
        static_cast<void>(co_await as_result(coda::with_scope(body)));
        EXPECT_EQ(server.live, 0);
        coda::context const& here = co_await coda::this_context();
        co_return !here.cancel.requested();
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
    EXPECT_GT(left_out, 0);
    EXPECT_EQ(server.aborts, left_out) << "and no other";
}

} // namespace cancel_everywhere_pool_test
