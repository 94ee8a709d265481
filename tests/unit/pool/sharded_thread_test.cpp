// SPDX-License-Identifier: BSL-1.0
#include <coda/pool.hpp>
#include <coda/runtime/asio_loop.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace pool_sharded_thread_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::operation;
using coda::pool_options;
using coda::result;
using coda::scope;
using coda::task;

// Counts all connections there are, on all loops.
struct counted {
    std::atomic<int> live = 0;
    std::atomic<int> most = 0;
};

class connection {
public:
    explicit connection(counted& c) : counted_(c) {
        int const now = ++counted_.live;
        for (int most = counted_.most; now > most && !counted_.most.compare_exchange_weak(most, now);) {}
    }
    ~connection() { --counted_.live; }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    operation<> connect() {
        auto const waited = co_await as_result(coda::yield());
        if (waited.has_error()) co_return waited.error();
        usable_ = true;
        co_return result<>();
    }
    static operation<> ping() { co_return result<>(); }
    static operation<> reset() { co_return result<>(); }
    static operation<> close() { co_return result<>(); }
    bool usable() const noexcept { return usable_; }
    static bool needs_reset() noexcept { return false; }
    void abort() noexcept { usable_ = false; }

private:
    counted& counted_;
    bool usable_ = false;
};

using pool = coda::pool<connection>;
using sharded_pool = coda::sharded<pool>;
static_assert(coda::shardable<pool>);

class sharded : public testing::Test {
protected:
    sharded_pool::factory pools() {
        return [this](coda::loop& l, std::size_t n) {
            return std::make_unique<pool>(
                l, [this] { return std::make_unique<connection>(counted_); },
                pool_options{.max_size = n, .acquire_timeout = 60s, .upkeep_interval = 0ms});
        };
    }
    // Runs `body` with opened pools, and closes them.
    template <class Body>
    void run(sharded_pool& pools, Body body) {
        auto const all = [&]() -> task<> {
            co_await pools.open();
            co_await body();
            co_await pools.close();
        };
        loop_.run(all());
        EXPECT_EQ(counted_.live, 0);
    }

    coda::asio_loop loop_;
    coda::loop_group group_{{.loops = 3}};
    counted counted_;
};

task<std::size_t> permits(sharded_pool& pools) {
    auto& mine = (co_await pools.local()).get();
    co_return mine.permits();
}

TEST_F(sharded, splits_the_total_evenly) {
    sharded_pool pools(group_, 8, this->pools());
    run(pools, [&]() -> task<> {
        for (auto const& [i, share] : {std::pair(0, 3u), {1, 3u}, {2, 2u}}) {
            auto const n = co_await run_on(group_[static_cast<std::size_t>(i)], permits(pools));
            EXPECT_EQ(n, share);
        }
    });
}

TEST_F(sharded, wants_a_connection_for_each_loop_at_least) {
    EXPECT_THROW(sharded_pool(group_, 2, pools()), coda::exception);
}

TEST_F(sharded, is_for_the_loops_of_its_group) {
    sharded_pool pools(group_, 3, this->pools());
    run(pools, [&]() -> task<> {
        auto const other = co_await as_result(pools.local());
        EXPECT_EQ(other.error().code(), errc::invalid_argument);
    });
    auto const after = [&]() -> task<> {
        auto const asks = [](sharded_pool& of) -> task<> {
            auto const closed = co_await as_result(of.local());
            EXPECT_EQ(closed.error().code(), errc::closed);
        };
        co_await run_on(group_[0], asks(pools));
    };
    loop_.run(after());
}

// Takes connections on its loop until `n` are held there at once.
task<> hold_at_once(sharded_pool& pools, int n) {
    auto& mine = (co_await pools.local()).get();
    int held = 0;
    auto const hold = [&]() -> task<> {
        auto const db = co_await mine.acquire();
        ++held;
        while (held < n) co_await coda::sleep_for(1ms);
    };
    auto const all = [&](scope& s) -> task<> {
        for (int i = 0; i < n; ++i) s.spawn(hold());
        co_return;
    };
    co_await coda::with_scope(all);
}

TEST_F(sharded, permits_that_were_never_used_go_to_where_somebody_waits) {
    sharded_pool pools(group_, 9, this->pools());
    run(pools, [&]() -> task<> {
        co_await run_on(group_[1], hold_at_once(pools, 7)); // one stays with each of the others
        auto const there = co_await run_on(group_[1], permits(pools));
        EXPECT_EQ(there, 7u);
    });
    EXPECT_LE(counted_.most, 9);
}

TEST_F(sharded, permits_of_connections_that_have_become_idle_follow) {
    sharded_pool pools(group_, 4, this->pools());
    run(pools, [&]() -> task<> {
        for (std::size_t at : {0u, 1u, 2u, 0u}) {
            co_await run_on(group_[at], hold_at_once(pools, 2));
            auto const there = co_await run_on(group_[at], permits(pools));
            EXPECT_EQ(there, 2u);
        }
    });
    EXPECT_LE(counted_.most, 4);
}

TEST_F(sharded, is_closed_by_one_who_was_cancelled_too) {
    sharded_pool pools(group_, 3, this->pools());
    auto const all = [&]() -> task<> {
        co_await pools.open();
        co_await run_on(group_[1], hold_at_once(pools, 1));
        EXPECT_EQ(counted_.live, 1);
        coda::cancel_source stop;
        stop.request();
        auto const closed = co_await as_result(with_cancellation(stop.token(), pools.close()));
        EXPECT_TRUE(closed.has_value());
        EXPECT_EQ(counted_.live, 0);
    };
    loop_.run(all());
}

// All loops at once, with loads that change: nobody waits for ever, and there are never more than the total.
TEST_F(sharded, total_holds_whatever_happens) {
    sharded_pool pools(group_, 5, this->pools());
    std::atomic<int> served = 0;
    auto const client = [&](std::size_t at, int number) -> task<> {
        auto& mine = (co_await pools.local()).get();
        for (int i = 0; i < 40; ++i) {
            if ((static_cast<std::size_t>(i / 10) + at) % 3 == 0) { // this loop's turn to be busy
                auto const db = co_await mine.acquire();
                co_await coda::sleep_for(std::chrono::microseconds(50 * (number % 4)));
                ++served;
            } else {
                co_await coda::sleep_for(2ms);
            }
        }
    };
    auto const busy = [&](std::size_t at) -> task<> {
        auto const all = [&](scope& s) -> task<> {
            for (int n = 0; n < 12; ++n) s.spawn(client(at, n));
            co_return;
        };
        co_await coda::with_scope(all);
    };
    run(pools, [&]() -> task<> {
        co_await coda::run_on_each(group_, [&](std::size_t at) { return busy(at); });
        std::size_t total = 0;
        for (std::size_t i = 0; i < group_.size(); ++i) {
            auto const n = co_await run_on(group_[i], permits(pools));
            total += n;
        }
        EXPECT_LE(total, 5u);
        EXPECT_GE(total, 3u);
    });
    EXPECT_GT(served, 300);
    EXPECT_LE(counted_.most, 5);
}

} // namespace pool_sharded_thread_test
