// SPDX-License-Identifier: BSL-1.0
// The simulation of "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), with coda's own retry in virtual
// time: clients change one row under an optimistic lock and all begin at once. What is counted is the work that the
// server has and the time until the last client is through.
#include "support/manual_loop.hpp"

#include <coda/retry/retry.hpp>
#include <coda/runtime/scope.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace retry_contention_test {

using namespace std::chrono_literals;
using coda::duration;
using coda::jitter;
using coda::operation;
using coda::task;
using coda::test::manual_loop;

struct cost {
    double calls = 0;
    double seconds = 0;
};

class contention {
public:
    contention(coda::backoff b, int clients, std::uint64_t seed) : backoff_(b), clients_(clients), random_(seed) {}

    cost run() {
        auto const body = [this](coda::scope& s) -> task<> {
            for (int i = 0; i < clients_; ++i) s.spawn(client());
            co_return;
        };
        loop_.run(coda::with_scope(body));
        EXPECT_EQ(version_, clients_); // each has changed it once
        return {static_cast<double>(calls_), std::chrono::duration<double>(loop_.elapsed()).count()};
    }

private:
    // The way to the server or back takes 10 ms, give or take 2.
    duration way() {
        double const ms = std::normal_distribution<>(10, 2)(random_);
        return std::chrono::duration_cast<duration>(std::chrono::duration<double, std::milli>(std::abs(ms)));
    }

    // Reads the version, then writes if it is still that.
    operation<> change() {
        ++calls_;
        co_await coda::sleep_for(way());
        int const seen = version_;
        co_await coda::sleep_for(way() + way());
        bool const changed = seen == version_;
        if (changed) ++version_;
        co_await coda::sleep_for(way());
        if (changed) co_return coda::result<>();
        co_return coda::error(conflict(), coda::outcome::completed);
    }
    static coda::error_code conflict() { return make_error_code(coda::errc::timed_out); } // of a class that is retried

    task<> client() {
        coda::retry_policy const policy{.max_attempts = 1'000, .backoff = backoff_, .random = random_};
        co_await coda::retry(policy, [this] { return change(); });
    }

    manual_loop loop_;
    coda::backoff backoff_;
    int clients_;
    std::mt19937_64 random_;
    int version_ = 0;
    int calls_ = 0;
};

// The mean over several seeds.
cost of(jitter j, int clients = 100) {
    constexpr int seeds = 10;
    cost sum;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        auto const one = contention({.base = 5ms, .cap = 2s, .jitter = j}, clients, seed).run();
        sum.calls += one.calls / seeds;
        sum.seconds += one.seconds / seeds;
    }
    return sum;
}

TEST(contention, full_jitter_is_least_work) {
    auto const none = of(jitter::none);
    auto const full = of(jitter::full);
    auto const equal = of(jitter::equal);
    auto const decorrelated = of(jitter::decorrelated);
    for (auto const& [name, c] :
         {std::pair("none", none), {"full", full}, {"equal", equal}, {"decorrelated", decorrelated}})
        fmt::print("{:<14}{:>8.0f} calls {:>8.2f} s\n", name, c.calls, c.seconds);
    EXPECT_LT(full.calls, none.calls / 2);
    EXPECT_LT(full.calls, equal.calls);
    EXPECT_LT(full.calls, decorrelated.calls);
    EXPECT_LT(full.seconds, none.seconds / 2);
    EXPECT_LT(full.seconds, equal.seconds);
    EXPECT_LT(decorrelated.seconds, equal.seconds); // as published: as fast as full, for more work
}

TEST(contention, is_the_same_each_time) {
    auto const once = contention({.base = 5ms, .cap = 2s}, 20, 7).run();
    auto const again = contention({.base = 5ms, .cap = 2s}, 20, 7).run();
    EXPECT_EQ(once.calls, again.calls);
    EXPECT_EQ(once.seconds, again.seconds);
}

} // namespace retry_contention_test
