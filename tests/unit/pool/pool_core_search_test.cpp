// SPDX-License-Identifier: BSL-1.0
// Everything that can happen to a small pool, in every state that it can come to.
#include "pool_world.hpp"

namespace pool_pool_core_search_test {

using namespace std::chrono_literals;
using coda::pool_options;
using coda::test::pool_world;

struct event {
    char const* name;
    bool (*possible)(pool_world const&);
    void (*happens)(pool_world&);
};

constexpr event events[] = {
    {"acquire", [](pool_world const& w) { return w.cut_off == 0; }, // else there is no end to them
     [](pool_world& w) { w.acquire(); }},
    {"oldest leaves", [](pool_world const& w) { return !w.waiting.empty(); }, [](pool_world& w) { w.leave(0); }},
    {"newest leaves", [](pool_world const& w) { return w.waiting.size() > 1; },
     [](pool_world& w) { w.leave(w.waiting.size() - 1); }},
    {"begins to connect", [](pool_world const& w) { return w.asked > 0; }, [](pool_world& w) { w.begin(); }},
    {"connected", [](pool_world const& w) { return !w.opening.empty(); }, [](pool_world& w) { w.connect(); }},
    {"connect failed", [](pool_world const& w) { return !w.opening.empty(); }, [](pool_world& w) { w.fail_connect(); }},
    {"connect failed for good", [](pool_world const& w) { return !w.opening.empty(); },
     [](pool_world& w) { w.fail_connect(true); }},
    {"clean return", [](pool_world const& w) { return !w.leased.empty(); }, [](pool_world& w) { w.give_back(); }},
    {"dirty return", [](pool_world const& w) { return !w.leased.empty(); },
     [](pool_world& w) {
         w.leased.front()->dirty = true;
         w.give_back();
     }},
    {"broken return", [](pool_world const& w) { return !w.leased.empty(); },
     [](pool_world& w) {
         w.leased.front()->fit = false;
         w.give_back();
     }},
    {"check passed", [](pool_world const& w) { return !w.checking.empty(); }, [](pool_world& w) { w.end_check(true); }},
    {"check failed", [](pool_world const& w) { return !w.checking.empty(); },
     [](pool_world& w) { w.end_check(false); }},
    {"reset", [](pool_world const& w) { return !w.resetting.empty(); }, [](pool_world& w) { w.end_reset(true); }},
    {"reset failed", [](pool_world const& w) { return !w.resetting.empty(); },
     [](pool_world& w) { w.end_reset(false); }},
    {"idle one breaks", [](pool_world const& w) { return !w.idle.empty(); },
     [](pool_world& w) { w.idle.back()->fit = false; }},
    {"time passes", [](pool_world const&) { return true; }, [](pool_world& w) { w.pass(1s); }},
    {"closed", [](pool_world const& w) { return !w.closing.empty(); }, [](pool_world& w) { w.end_close(); }},
    {"cleared", [](pool_world const&) { return true; }, [](pool_world& w) { w.clear(); }},
    {"cleared, and what is in use interrupted", [](pool_world const&) { return true; },
     [](pool_world& w) { w.clear(true); }},
    {"interrupted before it was taken", [](pool_world const& w) { return !w.handed_to.empty(); },
     [](pool_world& w) { w.interrupt_what_was_handed(); }},
    {"ready", [](pool_world const&) { return true; }, [](pool_world& w) { w.ready(); }},
    {"shut", [](pool_world const&) { return true; }, [](pool_world& w) { w.shut(); }},
};

using path = std::vector<event const*>;

std::string to_string(path const& p) {
    std::string text;
    for (auto const* e : p) text += std::string(text.empty() ? "" : ", ") + e->name;
    return text;
}

// The number of states found.
std::size_t search(pool_options const& options) {
    std::map<std::string, path> found{{pool_world(options).signature(), {}}};
    std::deque<path> frontier{{}};
    while (!frontier.empty()) {
        path const here = frontier.front();
        frontier.pop_front();
        for (auto const& e : events) {
            pool_world w(options);
            for (auto const* earlier : here) earlier->happens(w);
            if (!e.possible(w)) continue;
            path there = here;
            there.push_back(&e);
            SCOPED_TRACE(to_string(there));
            e.happens(w);
            w.verify();
            if (testing::Test::HasFailure()) return found.size();
            if (found.emplace(w.signature(), there).second) frontier.push_back(there);
        }
    }
    return found.size();
}

pool_options small(std::size_t size) {
    return {.max_size = size,
            .max_waiters = 2,
            .acquire_timeout = 24h,
            .max_idle_time = 24h,
            .max_lifetime = 24h,
            .upkeep_interval = 0s};
}

TEST(pool_core_search, keeps_its_promises_in_every_state_it_can_come_to) {
    EXPECT_GT(search(small(2)), 800u) << "not much of a search";
}

TEST(pool_core_search, the_same_where_it_fails_fast) {
    auto options = small(2);
    options.fail_fast = true;
    EXPECT_GT(search(options), 800u);
}

TEST(pool_core_search, the_same_where_it_is_monitored) {
    auto options = small(2);
    options.monitored = true;
    EXPECT_GT(search(options), 800u);
}

} // namespace pool_pool_core_search_test
