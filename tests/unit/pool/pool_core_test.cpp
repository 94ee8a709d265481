// SPDX-License-Identifier: BSL-1.0
#include "pool_core.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using coda::pool_options;
using coda::detail::claim;
using coda::detail::pool_core;
using coda::detail::slot;
using coda::detail::step;

struct connection final : slot {
    bool usable() const noexcept override { return fit; }
    bool needs_reset() const noexcept override { return dirty; }
    bool fit = true;
    bool dirty = false;
};

// Plays the part of the pool around the core: does at once what it is told, and holds it to its promises.
class world {
public:
    explicit world(pool_options const& o) : options(o), core(o) {}

    claim& acquire() {
        claims.emplace_back();
        claim& c = claims.back();
        if (slot* s = core.take(now)) {
            EXPECT_TRUE(waiting.empty()) << "barged in";
            std::erase(idle, &known(*s));
            leased.push_back(&known(*s));
        } else if (!core.is_shut() && !core.full()) {
            waiting.push_back(&c);
            core.wait(c);
        }
        pump();
        return c;
    }
    void leave(std::size_t place) {
        core.leave(*waiting.at(place));
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(place));
        pump();
    }
    void connect() {
        --connecting;
        connections.emplace_back();
        settle(connections.back(), core.connected(connections.back(), now));
    }
    void fail_connect() {
        --connecting;
        bool const enough = waiting.size() <= connecting + checking.size();
        claim* refused = core.connect_failed();
        EXPECT_EQ(refused == nullptr, enough);
        if (refused != nullptr) refuse(*refused);
        pump();
    }
    void give_back(std::size_t place = 0) {
        connection& c = take_from(leased, place);
        settle(c, core.returned(c, now));
    }
    void end_check(bool passed) {
        connection& c = take_from(checking);
        settle(c, core.checked(c, passed, now));
    }
    void end_reset(bool succeeded) {
        connection& c = take_from(resetting);
        c.dirty = false;
        settle(c, core.reset_done(c, succeeded, now));
    }
    void end_close() {
        take_from(closing);
        core.closed();
        pump();
    }
    void shut() {
        core.shut();
        pump();
    }

    // What must hold whenever nothing is left to do.
    void verify() const {
        auto const& s = core.statistics();
        EXPECT_EQ(s.waiters, waiting.size());
        EXPECT_EQ(s.connecting, connecting);
        EXPECT_EQ(s.in_use, leased.size());
        EXPECT_EQ(s.idle, idle.size());
        EXPECT_EQ(s.checking, checking.size());
        EXPECT_EQ(s.resetting, resetting.size());
        EXPECT_EQ(s.closing, closing.size());
        EXPECT_EQ(s.opened - s.closed, s.size() - s.connecting);
        EXPECT_LE(s.size(), options.max_size);
        EXPECT_LE(s.connecting, options.max_connecting);
        EXPECT_LE(s.waiters, options.max_waiters);
        if (core.is_shut()) {
            EXPECT_EQ(s.waiters, 0u);
            EXPECT_EQ(s.idle, 0u);
            return;
        }
        if (s.waiters > s.checking) {
            EXPECT_EQ(s.idle, 0u) << "somebody waits beside an idle connection";
        }
        if (s.waiters > s.connecting + s.checking) {
            EXPECT_TRUE(s.connecting == options.max_connecting || s.size() == options.max_size)
                << "a waiter was forgotten";
            EXPECT_GT(s.connecting + s.checking + s.in_use + s.resetting, 0u) << "nothing will ever serve him";
        }
    }

    // All that decisions depend on.
    std::string signature() const {
        std::string text = core.is_shut() ? "shut" : "open";
        for (std::size_t n :
             {waiting.size(), connecting, leased.size(), checking.size(), resetting.size(), closing.size()})
            text += ' ' + std::to_string(n);
        for (auto const* c : idle) text += c->fit ? " fit" : " broken", text += fresh(*c) ? "+" : "-";
        return text;
    }

    pool_options options;
    pool_core core;
    coda::time_point now{1h};
    std::size_t connecting = 0;
    std::deque<claim> claims;
    std::deque<connection> connections;
    std::vector<claim*> waiting; // the oldest first
    std::vector<connection*> leased, checking, resetting, closing;
    std::vector<connection*> idle; // the one used last at the end
    std::map<connection const*, coda::time_point> idle_since;
    std::vector<claim const*> served, failed;

private:
    static connection& known(slot& s) { return static_cast<connection&>(s); }
    bool fresh(connection const& c) const { return now - idle_since.at(&c) <= options.validate_after_idle; }
    static connection& take_from(std::vector<connection*>& from, std::size_t place = 0) {
        connection& c = *from.at(place);
        from.erase(from.begin() + static_cast<std::ptrdiff_t>(place));
        return c;
    }
    void end_wait(claim& c) {
        ASSERT_FALSE(waiting.empty());
        EXPECT_EQ(&c, waiting.front()) << "out of turn";
        waiting.erase(waiting.begin());
    }
    void refuse(claim& c) {
        end_wait(c);
        failed.push_back(&c);
    }
    void settle(connection& c, step what) {
        follow({what, &c});
        pump();
    }
    void follow(coda::detail::pool_action const& a) {
        if (a.connection != nullptr) std::erase(idle, &known(*a.connection));
        switch (a.to_do) {
        case step::hand_out:
            EXPECT_TRUE(known(*a.connection).fit && fresh(known(*a.connection)));
            end_wait(*a.waiter);
            served.push_back(a.waiter);
            leased.push_back(&known(*a.connection));
            break;
        case step::open: ++connecting; break;
        case step::keep:
            idle.push_back(&known(*a.connection));
            idle_since[idle.back()] = now;
            break;
        case step::check: checking.push_back(&known(*a.connection)); break;
        case step::reset: resetting.push_back(&known(*a.connection)); break;
        case step::close: closing.push_back(&known(*a.connection)); break;
        case step::fail: refuse(*a.waiter); break;
        case step::drop:
        case step::nothing: break;
        }
    }
    void pump() {
        for (auto a = core.next(now); a.to_do != step::nothing; a = core.next(now)) follow(a);
    }
};

pool_options bounds(std::size_t max_size, std::size_t max_connecting = 2) {
    return {.max_size = max_size, .max_connecting = max_connecting, .max_waiters = 3};
}

TEST(pool_core, opens_one_connection_per_waiter_and_at_most_max_connecting_at_once) {
    world w(bounds(10));
    w.acquire();
    EXPECT_EQ(w.connecting, 1u);
    w.acquire();
    w.acquire();
    EXPECT_EQ(w.connecting, 2u);
    w.connect();
    EXPECT_EQ(w.connecting, 2u);
    w.connect();
    EXPECT_EQ(w.connecting, 1u);
}

TEST(pool_core, whichever_is_there_first_serves_the_oldest) {
    world w(bounds(2));
    w.acquire();
    w.connect();
    auto& oldest = w.acquire();
    auto& second = w.acquire();
    w.give_back();
    ASSERT_EQ(w.served.back(), &oldest);
    w.connect();
    EXPECT_EQ(w.served.back(), &second);
}

TEST(pool_core, hands_out_the_idle_connection_that_was_used_last) {
    world w(bounds(2));
    w.acquire();
    w.acquire();
    w.connect();
    w.connect();
    auto* last = w.leased.front();
    w.give_back(1);
    w.give_back(0);
    w.acquire();
    EXPECT_EQ(w.leased.back(), last);
}

TEST(pool_core, failed_attempt_fails_only_the_oldest) {
    world w(bounds(10, 1));
    auto& oldest = w.acquire();
    w.acquire();
    w.fail_connect();
    EXPECT_EQ(w.failed, std::vector<claim const*>{&oldest});
    EXPECT_EQ(w.waiting.size(), 1u);
    EXPECT_EQ(w.connecting, 1u) << "the next attempt is the next waiter's";
}

TEST(pool_core, failed_attempt_fails_nobody_when_those_under_way_suffice) {
    world w(bounds(10));
    w.acquire();
    w.acquire();
    w.leave(0);
    w.fail_connect();
    EXPECT_TRUE(w.failed.empty());
    EXPECT_EQ(w.waiting.size(), 1u);
    EXPECT_EQ(w.connecting, 1u);
}

TEST(pool_core, attempt_whose_waiter_has_left_goes_on_and_joins_the_pool) {
    world w(bounds(10));
    w.acquire();
    w.leave(0);
    EXPECT_EQ(w.connecting, 1u);
    w.connect();
    EXPECT_EQ(w.core.statistics().idle, 1u);
}

TEST(pool_core, connection_being_reset_counts_against_max_size_and_then_serves_the_oldest) {
    world w(bounds(1));
    w.acquire();
    w.connect();
    w.leased.front()->dirty = true;
    w.give_back();
    auto& waiting = w.acquire();
    EXPECT_EQ(w.connecting, 0u);
    w.end_reset(true);
    EXPECT_EQ(w.served.back(), &waiting);
}

TEST(pool_core, where_there_is_room_nobody_waits_for_a_reset) {
    world w(bounds(2));
    w.acquire();
    w.connect();
    w.leased.front()->dirty = true;
    w.give_back();
    w.acquire();
    EXPECT_EQ(w.connecting, 1u);
}

TEST(pool_core, place_of_a_connection_that_is_lost_goes_to_a_new_one) {
    world w(bounds(1));
    w.acquire();
    w.connect();
    w.acquire();
    EXPECT_EQ(w.connecting, 0u);
    w.leased.front()->fit = false;
    w.give_back();
    EXPECT_EQ(w.connecting, 1u);
    EXPECT_EQ(w.core.statistics().closed, 1u);
}

TEST(pool_core, place_of_a_connection_whose_reset_failed_goes_to_a_new_one) {
    world w(bounds(1));
    w.acquire();
    w.connect();
    w.leased.front()->dirty = true;
    w.give_back();
    w.acquire();
    w.end_reset(false);
    EXPECT_EQ(w.connecting, 1u);
}

TEST(pool_core, connection_idle_for_exactly_the_limit_is_handed_out_unchecked) {
    world w(bounds(1));
    w.acquire();
    w.connect();
    w.give_back();
    w.now += w.options.validate_after_idle;
    w.acquire();
    EXPECT_EQ(w.leased.size(), 1u);
}

TEST(pool_core, connection_idle_for_longer_is_checked_instead_of_opening_another) {
    world w(bounds(2));
    w.acquire();
    w.connect();
    w.give_back();
    w.now += w.options.validate_after_idle + 1ns;
    auto& waiting = w.acquire();
    EXPECT_EQ(w.checking.size(), 1u);
    EXPECT_EQ(w.connecting, 0u);
    w.end_check(true);
    EXPECT_EQ(w.served.back(), &waiting);
}

TEST(pool_core, connection_idle_for_longer_is_checked_although_another_is_being_opened) {
    world w(bounds(2));
    w.acquire();
    w.connect();
    w.acquire();
    w.leave(0); // the connect that it caused hangs
    w.give_back();
    w.now += w.options.validate_after_idle + 1ns;
    auto& waiting = w.acquire();
    EXPECT_EQ(w.connecting, 1u);
    ASSERT_EQ(w.checking.size(), 1u);
    w.end_check(true);
    EXPECT_EQ(w.served.back(), &waiting);
}

TEST(pool_core, connection_that_fails_its_check_is_replaced) {
    world w(bounds(1));
    w.acquire();
    w.connect();
    w.give_back();
    w.now += 1s;
    w.acquire();
    w.end_check(false);
    EXPECT_EQ(w.connecting, 1u);
    EXPECT_EQ(w.waiting.size(), 1u);
}

TEST(pool_core, idle_connections_that_broke_are_dropped_on_the_way_to_one_that_works) {
    world w(bounds(3, 3));
    for (int i = 0; i < 3; ++i) w.acquire();
    for (int i = 0; i < 3; ++i) w.connect();
    auto* good = w.leased.front();
    for (int i = 0; i < 3; ++i) w.give_back();
    for (auto& c : w.connections) c.fit = &c == good;
    w.acquire();
    EXPECT_EQ(w.leased, std::vector{good});
    EXPECT_EQ(w.core.statistics().closed, 2u);
}

TEST(pool_core, queue_is_bounded) {
    world w(bounds(1));
    for (std::size_t i = 0; i < w.options.max_waiters; ++i) {
        EXPECT_FALSE(w.core.full());
        w.acquire();
    }
    EXPECT_TRUE(w.core.full());
    w.leave(1);
    EXPECT_FALSE(w.core.full());
}

TEST(pool_core, shut_fails_waiters_and_closes_what_is_idle_and_what_comes_back) {
    world w(bounds(2));
    w.acquire();
    w.acquire();
    w.connect();
    w.connect();
    w.give_back();
    w.shut();
    EXPECT_EQ(w.closing.size(), 1u);
    w.leased.front()->dirty = true;
    w.give_back();
    EXPECT_EQ(w.closing.size(), 2u) << "without a reset first";
    w.end_close();
    w.end_close();
    EXPECT_EQ(w.core.statistics().size(), 0u);
}

// Everything that can happen to a pool of three, in every state that it can come to.
struct event {
    char const* name;
    bool (*possible)(world const&);
    void (*happens)(world&);
};

constexpr event events[] = {
    {"acquire", [](world const&) { return true; }, [](world& w) { w.acquire(); }},
    {"oldest leaves", [](world const& w) { return !w.waiting.empty(); }, [](world& w) { w.leave(0); }},
    {"newest leaves", [](world const& w) { return w.waiting.size() > 1; },
     [](world& w) { w.leave(w.waiting.size() - 1); }},
    {"connected", [](world const& w) { return w.connecting > 0; }, [](world& w) { w.connect(); }},
    {"connect failed", [](world const& w) { return w.connecting > 0; }, [](world& w) { w.fail_connect(); }},
    {"clean return", [](world const& w) { return !w.leased.empty(); }, [](world& w) { w.give_back(); }},
    {"dirty return", [](world const& w) { return !w.leased.empty(); },
     [](world& w) {
         w.leased.front()->dirty = true;
         w.give_back();
     }},
    {"broken return", [](world const& w) { return !w.leased.empty(); },
     [](world& w) {
         w.leased.front()->fit = false;
         w.give_back();
     }},
    {"check passed", [](world const& w) { return !w.checking.empty(); }, [](world& w) { w.end_check(true); }},
    {"check failed", [](world const& w) { return !w.checking.empty(); }, [](world& w) { w.end_check(false); }},
    {"reset", [](world const& w) { return !w.resetting.empty(); }, [](world& w) { w.end_reset(true); }},
    {"reset failed", [](world const& w) { return !w.resetting.empty(); }, [](world& w) { w.end_reset(false); }},
    {"idle one breaks", [](world const& w) { return !w.idle.empty(); }, [](world& w) { w.idle.back()->fit = false; }},
    {"time passes", [](world const&) { return true; }, [](world& w) { w.now += 1s; }},
    {"closed", [](world const& w) { return !w.closing.empty(); }, [](world& w) { w.end_close(); }},
    {"shut", [](world const&) { return true; }, [](world& w) { w.shut(); }},
};

using path = std::vector<event const*>;

std::string to_string(path const& p) {
    std::string text;
    for (auto const* e : p) text += std::string(text.empty() ? "" : ", ") + e->name;
    return text;
}

TEST(pool_core, keeps_its_promises_in_every_state_it_can_come_to) {
    std::map<std::string, path> found{{world(bounds(3)).signature(), {}}};
    std::deque<path> frontier{{}};
    while (!frontier.empty()) {
        path const here = frontier.front();
        frontier.pop_front();
        for (auto const& e : events) {
            world w(bounds(3));
            for (auto const* earlier : here) earlier->happens(w);
            if (!e.possible(w)) continue;
            path there = here;
            there.push_back(&e);
            SCOPED_TRACE(to_string(there));
            e.happens(w);
            w.verify();
            if (HasFailure()) return;
            if (found.emplace(w.signature(), there).second) frontier.push_back(there);
        }
    }
    EXPECT_GT(found.size(), 300u) << "not much of a search";
}

} // namespace
