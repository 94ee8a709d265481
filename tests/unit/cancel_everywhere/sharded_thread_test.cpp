// SPDX-License-Identifier: BSL-1.0
// The operations of pools on several loops cancelled at each of their suspensions: no client and no permit is lost.
#include "support/cancel_everywhere.hpp"
#include "support/eventually.hpp"
#include "support/loops.hpp"

#include <coda/pool.hpp>
#include <coda/runtime/run.hpp>

#include <atomic>

namespace cancel_everywhere_sharded_thread_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::operation;
using coda::result;
using coda::task;
using coda::test::cancel_everywhere;

std::atomic<int> live = 0;

// A connection without a peer.
class connection {
public:
    connection() { ++live; }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection() { --live; }

    operation<> connect() {
        auto const waited = co_await as_result(coda::yield());
        if (waited.has_error()) co_return waited.error();
        usable_ = true;
        co_return result<>();
    }
    static operation<> ping() { co_return result<>(); }
    static operation<> reset() { co_return result<>(); }
    static operation<> close() {
        static_cast<void>(co_await as_result(coda::yield()));
        co_return result<>();
    }
    bool usable() const noexcept { return usable_; }
    static bool needs_reset() noexcept { return false; }
    void abort() noexcept { usable_ = false; }

private:
    bool usable_ = false;
};

using pool = coda::pool<connection>;
using pools = coda::sharded<pool>;

class sharded_everywhere : public coda::test::on_every_loop {
protected:
    static constexpr std::size_t total = 3; // two for the first loop, one for the second

    static std::unique_ptr<pool> make_pool(coda::loop& l, std::size_t n) {
        return std::make_unique<pool>(
            l, [] { return std::make_unique<connection>(); },
            coda::pool_options{.max_size = n, .acquire_timeout = 60s, .upkeep_interval = 0ms});
    }
    static task<> takes(pools& all, std::size_t n) {
        pool& mine = (co_await all.local()).get();
        std::vector<coda::lease<connection>> held;
        for (std::size_t i = 0; i < n; ++i) held.push_back(co_await mine.acquire());
    }

    coda::loop_group group_{{.loops = 2}};
};
CODA_ON_EVERY_LOOP(sharded_everywhere);

TEST_P(sharded_everywhere, open_and_close) {
    auto const attempt = [&]() -> task<bool> {
        pools all(group_, total, &make_pool);
        auto const opened = co_await as_result(all.open());
        if (opened.has_value())
            co_await coda::shield(run_on(group_[0], takes(all, 1)));
        else
            EXPECT_EQ(opened.error().code(), coda::errc::cancelled) << opened.error().message();
        auto const closed = co_await as_result(all.close());
        EXPECT_TRUE(closed.has_value());
        EXPECT_EQ(live, 0);
        coda::context const& here = co_await coda::this_context();
        co_return !here.cancel.requested();
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 1);
}

TEST_P(sharded_everywhere, local_never_waits) {
    pools all(group_, total, &make_pool);
    auto const attempt = [&]() -> task<bool> {
        auto const mine = co_await as_result(all.local());
        EXPECT_TRUE(mine.has_value());
        coda::context const& here = co_await coda::this_context();
        co_return !here.cancel.requested();
    };
    auto const body = [&]() -> task<> {
        co_await all.open();
        auto const times = co_await run_on(group_[0], cancel_everywhere(attempt));
        EXPECT_EQ(times, 1) << "before it has begun";
        co_await all.close();
    };
    run(body());
}

// The second loop has one permit of its own; the others come from the first.
TEST_P(sharded_everywhere, acquire_that_waits_for_a_permit_of_another_loop) {
    auto const attempt = [&]() -> task<bool> {
        pools all(group_, total, &make_pool);
        auto const body = [&]() -> task<> { co_await all.open(); };
        co_await coda::shield(body());
        auto const taken = co_await as_result(run_on(group_[1], takes(all, 2)));
        if (taken.has_error()) EXPECT_EQ(taken.error().code(), coda::errc::cancelled) << taken.error().message();
        auto const check = [&]() -> task<> {
            co_await run_on(group_[0], takes(all, 2));
            co_await run_on(group_[1], takes(all, 2));
            co_await all.close();
        };
        co_await coda::shield(check());
        EXPECT_EQ(live, 0);
        co_return taken.has_value();
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 1);
}

} // namespace cancel_everywhere_sharded_thread_test
