// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "event_notes.hpp"
#include "pool_core.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace coda::test {

struct world_connection final : detail::slot {
    bool usable() const noexcept override { return fit; }
    bool needs_reset() const noexcept override { return dirty; }
    bool fit = true;
    bool dirty = false;
    bool interrupted = false; // told to end what is done with it
};

// Plays the part of the pool around the core, in virtual time: does at once what it is told, and holds it to its
// promises.
class pool_world {
public:
    using slot = detail::slot;
    using claim = detail::claim;
    using step = detail::step;
    using connection = world_connection;

    explicit pool_world(pool_options o) : options(with_notes(o, notes)), core(options, 1) { pump(); }

    claim& acquire() {
        claims.emplace_back();
        claim& c = claims.back();
        core.acquire_started();
        if (slot* s = core.take(now, std::source_location::current())) {
            EXPECT_TRUE(waiting.empty()) << "barged in";
            std::erase(idle, &known(*s));
            leased.push_back(&known(*s));
            handed_to.erase(leased.back());
            served.push_back(&c);
        } else if (auto const why = core.refusal(now)) {
            core.refused(*why, {});
            failed.push_back(&c);
            last_failure = *why;
        } else {
            waiting.push_back(&c);
            core.wait(c, now, std::source_location::current());
            pump();
        }
        return c;
    }
    void leave(std::size_t place) {
        core.leave(*waiting.at(place), acquire_failure::cancelled, now);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(place));
        pump();
    }
    // The oldest attempt that was asked for becomes a connection that is being opened.
    void begin() {
        --asked;
        if (!core.begins_opening()) return pump();
        connections.emplace_back();
        opening.push_back(&connections.back());
        generation_of[&connections.back()] = clears;
        core.created(connections.back(), now);
    }
    void connect() {
        if (opening.empty()) begin();
        if (opening.empty()) return;
        connection& c = take_from(opening);
        settle(c, core.connected(c, now));
    }
    void fail_connect(bool hopeless = false) {
        if (opening.empty()) begin();
        if (opening.empty()) return;
        auto const failures = core.counts().connect_failures;
        core.connect_failed(&take_from(opening), error(errc::not_connected), hopeless, now);
        pump();
        if (core.counts().connect_failures == failures) return; // of before it was cleared
        failed_for_good = hopeless;
        if (hopeless && idle.size() + checking.size() + resetting.size() + leased.size() == cut_off) {
            EXPECT_TRUE(waiting.empty()) << "waits for what will not come";
        }
    }
    void give_back(std::size_t place = 0) {
        connection& c = take_from(leased, place);
        cut_off -= static_cast<std::size_t>(std::erase(aborted, &c));
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
        core.closed(take_from(closing));
        pump();
    }
    void shut() {
        core.shut();
        pump();
    }
    void ready() {
        core.ready();
        pump();
    }
    void clear(bool interrupt = false) {
        ++clears;
        core.clear(interrupt, now);
        pump();
    }
    // The same, before any of those who have waited for one could take it.
    void interrupt_what_was_handed() {
        untaken = true;
        clear(true);
        untaken = false;
    }
    // Time passes, with all that falls due meanwhile.
    void pass(duration d) {
        time_point const end = now + d;
        for (auto due = next_due(); due <= end; due = next_due()) {
            now = std::max(now, due);
            if (now >= core.upkeep_due()) core.upkeep(now);
            pump();
            ASSERT_GT(next_due(), now) << "what was due is still due";
        }
        now = end;
        pump();
    }
    time_point next_due() const { return std::min(core.due(), core.upkeep_due()); }
    std::size_t connecting() const { return asked + opening.size(); }

    // Opens `n` connections and gives them back.
    void warm(std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) acquire();
        while (connecting() > 0) connect();
        while (!leased.empty()) give_back();
        notes.take();
    }

    // What must hold whenever nothing is left to do.
    void verify() const {
        auto const& s = core.counts();
        EXPECT_EQ(s.waiters, waiting.size());
        EXPECT_EQ(s.connecting, connecting());
        EXPECT_EQ(s.in_use, leased.size() - cut_off);
        EXPECT_EQ(s.idle, idle.size());
        EXPECT_EQ(s.checking, checking.size());
        EXPECT_EQ(s.resetting, resetting.size());
        EXPECT_EQ(s.closing, closing.size());
        EXPECT_EQ(s.opened - s.closed, s.size() - s.connecting);
        EXPECT_LE(s.size(), options.max_size);
        EXPECT_LE(s.connecting, options.max_connecting);
        EXPECT_LE(s.waiters, options.max_waiters + options.max_size);
        EXPECT_EQ(s.handed_out + s.refused + s.waiters, claims.size() + waited_again);
        if (core.state() != pool_state::ready) {
            EXPECT_EQ(s.waiters, 0u);
            if (core.state() == pool_state::closed) {
                EXPECT_EQ(s.idle, 0u);
            }
            return;
        }
        if (s.waiters > s.checking) {
            EXPECT_EQ(s.idle, 0u) << "somebody waits beside an idle connection";
        }
        if (s.waiters > 0) {
            EXPECT_LT(core.due(), no_deadline) << "nobody will tell him that it is too late";
        }
        if (s.waiters > s.connecting + s.checking && !backing_off()) {
            EXPECT_TRUE(s.connecting == options.max_connecting || s.size() == options.max_size)
                << "a waiter was forgotten";
            EXPECT_GT(s.connecting + s.checking + s.in_use + s.resetting + s.closing, 0u)
                << "nothing will ever serve him";
        }
    }

    // All that decisions depend on.
    std::string signature() const {
        std::string text = fmt::format("{}", static_cast<int>(core.state()));
        for (std::size_t n : {waiting.size(), asked, leased.size(), cut_off, resetting.size(), closing.size()})
            text += fmt::format(" {}", n);
        for (auto const* list : {&opening, &leased, &checking, &resetting, &idle}) {
            std::vector<std::string> marks;
            for (auto const* c : *list)
                marks.push_back(fmt::format("{:d}{:d}{:d}{:d}", c->fit, c->interrupted, generation_of.at(c) == clears,
                                            list == &idle ? fresh(*c) : list == &leased && handed_to.contains(c)));
            if (list != &idle && list != &opening) std::ranges::sort(marks); // whose turn it is makes no difference
            text += fmt::format("|{}", fmt::join(marks, " "));
        }
        if (!backing_off()) return text;
        return text + (failed_for_good ? "failed for good" : "backing off");
    }
    bool backing_off() const { return core.last_connect_error().has_value(); }

    event_notes notes;
    pool_options options;
    detail::pool_core core;
    time_point now{std::chrono::hours(1)};
    std::size_t asked = 0;   // to open one more
    std::size_t cut_off = 0; // of those leased
    int clears = 0;
    bool failed_for_good = false; // the last attempt to connect, if that failed
    std::deque<claim> claims;
    std::deque<connection> connections;
    std::vector<claim*> waiting; // the oldest first
    std::vector<connection*> opening, leased, checking, resetting, closing;
    std::vector<connection*> idle; // the one used last at the end
    std::vector<connection*> aborted;
    std::map<connection const*, claim*> handed_to; // of those leased, to one who has waited
    bool untaken = false;                          // he has not gone on
    std::size_t waited_again = 0;
    std::map<connection const*, time_point> idle_since;
    std::map<connection const*, int> generation_of;
    std::vector<claim const*> served, failed;
    acquire_failure last_failure{};

private:
    std::size_t again = 0; // of those who wait, in this turn

    static pool_options with_notes(pool_options o, event_notes& notes) {
        o.listener = &notes;
        return o;
    }
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
    void settle(connection& c, step what) {
        follow({what, &c});
        pump();
    }
    void follow(detail::pool_action const& a) {
        if (a.connection != nullptr && a.to_do != step::interrupt) std::erase(idle, &known(*a.connection));
        switch (a.to_do) {
        case step::hand_out:
            EXPECT_TRUE(known(*a.connection).fit && fresh(known(*a.connection)));
            end_wait(*a.waiter);
            served.push_back(a.waiter);
            leased.push_back(&known(*a.connection));
            handed_to[leased.back()] = a.waiter;
            break;
        case step::open: ++asked; break;
        case step::keep:
            idle.push_back(&known(*a.connection));
            idle_since[idle.back()] = now;
            break;
        case step::check: checking.push_back(&known(*a.connection)); break;
        case step::reset: resetting.push_back(&known(*a.connection)); break;
        case step::close: closing.push_back(&known(*a.connection)); break;
        case step::fail:
            end_wait(*a.waiter);
            failed.push_back(a.waiter);
            last_failure = a.failure;
            break;
        case step::interrupt: known(*a.connection).interrupted = true; break;
        case step::abort: abort(known(*a.connection)); break;
        case step::drop:
        case step::nothing: break;
        }
    }
    void abort(connection& c) {
        c.fit = false;
        if (untaken && handed_to.contains(&c) && core.state() == pool_state::ready) {
            std::erase(leased, &c);
            EXPECT_EQ(core.returned(c, now), step::drop);
            core.wait_again(*handed_to.at(&c));
            waiting.insert(waiting.begin() + static_cast<std::ptrdiff_t>(again++), handed_to.at(&c));
            ++waited_again;
            return;
        }
        aborted.push_back(&c);
        ++cut_off;
    }
    void pump() {
        again = 0;
        for (auto a = core.next(now); a.to_do != step::nothing; a = core.next(now)) follow(a);
    }
};

} // namespace coda::test
