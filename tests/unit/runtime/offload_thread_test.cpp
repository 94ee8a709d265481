// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"

#include <coda/runtime/offload.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <latch>
#include <memory>
#include <numeric>
#include <string>
#include <thread>

namespace runtime_offload_thread_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::outcome;

class offload : public coda::test::on_every_loop {
protected:
    coda::thread_pool pool_{{.threads = 2, .max_queued = 3}};
};
CODA_ON_EVERY_LOOP(offload);

// A function that occupies a thread of a pool until the gate opens, and tells when it has begun.
class occupation {
public:
    explicit occupation(coda::loop& l) : loop_(l) {}

    auto function() {
        return [this, gate = gate_] {
            loop_.post([this] { begun_.set(); });
            gate->wait();
            return 7;
        };
    }
    auto begun() { return begun_.wait(); }
    void end() { gate_->count_down(); }

private:
    coda::loop& loop_;
    coda::event begun_;
    std::shared_ptr<std::latch> gate_ = std::make_shared<std::latch>(1);
};

TEST_P(offload, runs_on_another_thread_and_resumes_on_the_callers) {
    auto body = [](coda::thread_pool& pool) -> coda::task<> {
        auto const home = std::this_thread::get_id();
        auto const there = co_await coda::offload(pool, [] { return std::this_thread::get_id(); });
        EXPECT_NE(there, home);
        EXPECT_EQ(std::this_thread::get_id(), home);
    };
    run(body(pool_));
}

TEST_P(offload, gives_values_nothing_results_and_exceptions) {
    auto body = [](coda::thread_pool& pool) -> coda::task<> {
        auto const text = co_await coda::offload(pool, [] { return std::string(100, 'x'); });
        EXPECT_EQ(text, std::string(100, 'x'));
        auto const only = co_await coda::offload(pool, [] { return std::make_unique<int>(5); });
        EXPECT_EQ(*only, 5);
        std::atomic<bool> ran = false;
        co_await coda::offload(pool, [&ran] { ran = true; });
        EXPECT_TRUE(ran);
        auto refused = co_await coda::as_result(
            coda::offload(pool, []() -> coda::result<int> { return coda::error(errc::protocol_error); }));
        EXPECT_EQ(refused.error().code(), errc::protocol_error);
        auto thrown = co_await coda::as_result(
            coda::offload(pool, [] { throw coda::exception(coda::error(errc::type_mismatch)); }));
        EXPECT_EQ(thrown.error().code(), errc::type_mismatch);
        bool caught = false;
        try {
            co_await coda::offload(pool, []() -> int { throw std::out_of_range("far"); });
        } catch (std::out_of_range const& e) {
            caught = std::string(e.what()) == "far";
        }
        EXPECT_TRUE(caught);
    };
    run(body(pool_));
}

// Each of these is a way for g++ 12 to destroy a thing twice in an await.
TEST_P(offload, owns_what_it_is_given_exactly_once) {
    auto body = [](coda::thread_pool& pool, std::shared_ptr<int> held) -> coda::task<> {
        auto named = [held] { return *held; };
        auto const from_named = co_await coda::offload(pool, std::move(named));
        EXPECT_EQ(from_named, 42);
        auto const from_argument = co_await coda::offload(
            pool, [](std::shared_ptr<int> const& h, std::string const& s) { return s + std::to_string(*h); }, held,
            std::string("the answer is certainly "));
        EXPECT_EQ(from_argument, "the answer is certainly 42");
        auto const by_reference = co_await coda::offload(pool, [&held] { return held.use_count(); });
        EXPECT_EQ(by_reference, 2);
#if !defined(__GNUC__) || defined(__clang__) || __GNUC__ > 12
        auto const inline_closure = co_await coda::offload(pool, [held] { return *held; });
        EXPECT_EQ(inline_closure, 42);
#endif
        EXPECT_EQ(held.use_count(), 2); // here and in the test; `named` was moved from
    };
    auto const held = std::make_shared<int>(42);
    run(body(pool_, held));
    EXPECT_EQ(held.use_count(), 1);
}

TEST_P(offload, destroys_the_function_on_the_thread_that_ran_it_before_the_result_is_seen) {
    struct tells_its_end {
        std::thread::id* end;
        explicit tells_its_end(std::thread::id* e) : end(e) {}
        tells_its_end(tells_its_end&& other) noexcept : end(std::exchange(other.end, nullptr)) {}
        ~tells_its_end() {
            if (end != nullptr) *end = std::this_thread::get_id();
        }
        std::thread::id operator()() const { return std::this_thread::get_id(); }
    };
    auto body = [](coda::thread_pool& pool) -> coda::task<> {
        std::thread::id end;
        tells_its_end function(&end);
        auto const there = co_await coda::offload(pool, std::move(function));
        EXPECT_EQ(end, there);
    };
    run(body(pool_));
}

TEST_P(offload, uses_as_many_threads_as_it_may_and_no_more) {
    auto body = [](coda::thread_pool& pool, coda::loop& l) -> coda::task<> {
        occupation a(l), b(l), c(l);
        coda::scope s(co_await coda::this_context());
        auto first = s.spawn(coda::offload(pool, a.function()));
        auto second = s.spawn(coda::offload(pool, b.function()));
        co_await a.begun();
        co_await b.begun();
        auto third = s.spawn(coda::offload(pool, c.function()));
        co_await coda::yield();
        EXPECT_EQ(pool.running(), 2U);
        EXPECT_EQ(pool.queued(), 1U);
        a.end();
        co_await c.begun();
        b.end();
        c.end();
        auto const sum = co_await first.join() + co_await second.join() + co_await third.join();
        EXPECT_EQ(sum, 21);
        co_await s.join();
    };
    run(body(pool_, loop()));
}

TEST_P(offload, rejects_at_once_when_the_queue_is_full) {
    auto body = [](coda::loop& l) -> coda::task<> {
        coda::thread_pool pool({.threads = 1, .max_queued = 2});
        occupation a(l);
        std::atomic<int> ran = 0;
        coda::scope s(co_await coda::this_context());
        s.spawn(coda::offload(pool, a.function()));
        co_await a.begun();
        for (int i = 0; i < 2; ++i) s.spawn(coda::offload(pool, [&] { ++ran; }));
        co_await coda::yield();
        auto r = co_await coda::as_result(coda::offload(pool, [&] { ran += 100; }));
        EXPECT_EQ(r.error().code(), errc::queue_full);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        a.end();
        co_await s.join();
        EXPECT_EQ(ran, 2);
    };
    run(body(loop()));
}

TEST_P(offload, without_a_queue_takes_what_a_thread_is_free_for) {
    auto body = [](coda::loop& l) -> coda::task<> {
        coda::thread_pool pool({.threads = 1, .max_queued = 0});
        occupation a(l);
        coda::scope s(co_await coda::this_context());
        s.spawn(coda::offload(pool, a.function()));
        co_await a.begun();
        auto r = co_await coda::as_result(coda::offload(pool, [] {}));
        EXPECT_EQ(r.error().code(), errc::queue_full);
        a.end();
        co_await s.join();
        co_await coda::offload(pool, [] {});
    };
    run(body(loop()));
}

TEST_P(offload, cancelled_while_queued_leaves_the_queue_uncalled) {
    auto body = [](coda::loop& l, std::shared_ptr<int> held) -> coda::task<> {
        coda::thread_pool pool({.threads = 1, .max_queued = 1});
        occupation a(l);
        coda::scope s(co_await coda::this_context());
        s.spawn(coda::offload(pool, a.function()));
        co_await a.begun();
        auto function = [held] { ADD_FAILURE() << "it was cancelled"; };
        auto queued = s.spawn(coda::offload(pool, std::move(function)));
        co_await coda::yield();
        EXPECT_EQ(pool.queued(), 1U);
        auto const what = co_await queued.cancel();
        EXPECT_EQ(what, outcome::not_sent);
        EXPECT_EQ(pool.queued(), 0U);
        EXPECT_EQ(held.use_count(), 2); // here and in the test
        a.end();
        co_await s.join();
    };
    auto const held = std::make_shared<int>();
    run(body(loop(), held));
    EXPECT_EQ(held.use_count(), 1);
}

TEST_P(offload, cancelled_while_running_ends_at_once_with_an_unknown_outcome) {
    auto body = [](coda::thread_pool& pool, coda::loop& l) -> coda::task<> {
        auto const a = std::make_shared<occupation>(l);
        coda::scope s(co_await coda::this_context());
        auto running = s.spawn(coda::offload(pool, a->function()));
        co_await a->begun();
        auto const what = co_await running.cancel();
        EXPECT_EQ(what, outcome::unknown);
        EXPECT_EQ(pool.running(), 1U); // it cannot be stopped
        a->end();
        co_await s.join();
    };
    run(body(pool_, loop()));
}

TEST_P(offload, ends_at_its_deadline_although_the_function_goes_on) {
    auto body = [](coda::thread_pool& pool) -> coda::task<> {
        auto const gate = std::make_shared<std::latch>(1);
        auto hangs = [gate] { gate->wait(); };
        auto r = co_await coda::as_result(coda::with_timeout(1ms, coda::offload(pool, std::move(hangs))));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        gate->count_down();
    };
    run(body(pool_));
}

TEST_P(offload, cancelled_before_it_is_awaited_is_not_called) {
    auto body = [](coda::thread_pool& pool) -> coda::task<> {
        auto r = co_await coda::as_result(coda::with_timeout(0ms, coda::offload(pool, [] { ADD_FAILURE(); })));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
    };
    run(body(pool_));
}

// Opens the gate of an occupation when it is destroyed.
class opens_at_its_end {
public:
    explicit opens_at_its_end(occupation& o) : gate_(&o) {}
    opens_at_its_end(opens_at_its_end&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    ~opens_at_its_end() {
        if (gate_ != nullptr) gate_->end();
    }
    void operator()() const { ADD_FAILURE() << "the pool was destroyed"; }

private:
    occupation* gate_;
};

TEST_P(offload, ends_with_closed_what_is_queued_when_the_pool_goes_and_waits_for_what_runs) {
    auto body = [](coda::loop& l) -> coda::task<> {
        auto pool = std::make_unique<coda::thread_pool>(coda::offload_options{.threads = 1, .max_queued = 8});
        occupation a(l);
        coda::scope s(co_await coda::this_context());
        auto running = s.spawn(coda::offload(*pool, a.function()));
        co_await a.begun();
        auto queued = s.spawn(coda::as_result(coda::offload(*pool, opens_at_its_end(a))));
        auto late = coda::offload(*pool, [] { ADD_FAILURE(); });
        co_await coda::yield();
        pool.reset();
        auto const value = co_await running.join();
        EXPECT_EQ(value, 7);
        auto const dropped = co_await queued.join();
        EXPECT_EQ(dropped.error().code(), errc::closed);
        auto const refused = co_await coda::as_result(std::move(late));
        EXPECT_EQ(refused.error().code(), errc::closed);
        co_await s.join();
    };
    run(body(loop()));
}

TEST_P(offload, destroyed_while_it_runs_leaves_nothing_behind) {
    auto const gate = std::make_shared<std::latch>(1);
    auto waits = [](coda::thread_pool& pool, std::shared_ptr<std::latch> g, coda::loop& l) -> coda::task<> {
        auto function = [g, &l] {
            l.stop();
            g->wait();
        };
        co_await coda::offload(pool, std::move(function));
    };
    EXPECT_THROW(run(waits(pool_, gate, loop())), coda::exception);
    gate->count_down();
}

TEST_P(offload, survives_a_storm_of_calls_and_cancellations) {
    constexpr int calls = 2'000;
    auto one = [](coda::thread_pool& pool, int i) -> coda::task<int> {
        auto r = co_await coda::as_result(
            coda::with_timeout(std::chrono::microseconds(i % 50), coda::offload(pool, [i] { return i; })));
        EXPECT_EQ(r.has_value() ? *r : i, i);
        co_return r.has_value() ? 1 : 0;
    };
    auto body = [&](coda::thread_pool& pool) -> coda::task<int> {
        std::vector<coda::task<int>> all;
        for (int i = 0; i < calls; ++i) all.push_back(one(pool, i));
        auto const ended = co_await coda::when_all(std::move(all));
        co_return std::accumulate(ended.begin(), ended.end(), 0);
    };
    coda::thread_pool pool({.threads = 4, .max_queued = calls});
    EXPECT_LE(run(body(pool)), calls);
    EXPECT_EQ(pool.queued(), 0U);
}

TEST_P(offload, has_threads_that_take_no_signals) {
    auto body = [](coda::thread_pool& pool) -> coda::task<> {
        sigset_t blocked;
        sigemptyset(&blocked);
        co_await coda::offload(pool, [&] { pthread_sigmask(SIG_BLOCK, nullptr, &blocked); });
        EXPECT_TRUE(sigismember(&blocked, SIGINT));
        EXPECT_TRUE(sigismember(&blocked, SIGTERM));
        EXPECT_FALSE(sigismember(&blocked, SIGSEGV));
        sigset_t ours;
        sigemptyset(&ours);
        pthread_sigmask(SIG_BLOCK, nullptr, &ours);
        EXPECT_FALSE(sigismember(&ours, SIGINT));
    };
    run(body(pool_));
}

TEST_P(offload, has_a_pool_for_the_process) {
    auto body = []() -> coda::task<> {
        auto const n = co_await coda::offload([] { return 1; });
        EXPECT_EQ(n, 1);
    };
    run(body());
    EXPECT_EQ(&coda::default_thread_pool(), &coda::default_thread_pool());
}

} // namespace runtime_offload_thread_test
