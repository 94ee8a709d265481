// SPDX-License-Identifier: BSL-1.0
#include "support/eventually.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/pipelined_connection.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>

#include <gmock/gmock.h>

namespace runtime_pipelined_connection_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::error;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::manual_loop;
using testing::ElementsAre;

// A number that travels to a peer, which sends it back when the test says so.
class number : public coda::pipelined_request {
public:
    number(coda::pipelined_connection* on, int n, coda::when_left what = coda::when_left::drains)
        : pipelined_request(on, what), value(n) {}
    coda::result<int> await_result() const {
        if (failed()) return *failed();
        return answer;
    }
    int await_resume() const { return await_result().value(); }

    int value;
    int answer = 0;
};

struct [[nodiscard]] ask {
    coda::pipelined_connection* on;
    int n;
    coda::when_left what = coda::when_left::drains;
    number operator co_await() const { return {on, n, what}; }
};

// One whose answer comes in parts: each wait gives how many have come.
class number_in_parts : public number {
public:
    using number::number;
    struct [[nodiscard]] next_wait {
        number_in_parts& of;
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> h, coda::context const* ctx) const noexcept {
            return of.at == stage::idle ? of.number::await_suspend(h, ctx) : of.await_more(h, ctx);
        }
        coda::result<int> await_result() const { return of.await_result(); }
        int await_resume() const { return await_result().value(); }
    };
    next_wait next() noexcept { return {*this}; }
};

class echo_peer final : public coda::pipelined_connection {
public:
    echo_peer(coda::loop& l, std::size_t max_in_flight = 8, std::size_t max_queued = 8)
        : pipelined_connection(l, requests_, {10s, 1s}), requests_(max_in_flight, max_queued) {}
    ~echo_peer() { lose(error(coda::errc::closed)); }

    // Answers the oldest `count` requests.
    void answer(int count) {
        for (int i = 0; i < count; ++i) {
            auto* const r = static_cast<number*>(requests_.answered());
            if (r == nullptr) continue;
            r->answer = r->value;
            finish(*r);
        }
        replies_taken();
        if (requests_.next() != nullptr) flush_soon();
    }
    // One part of the answer to the oldest request, which is waited for.
    void answer_in_part() {
        auto& r = static_cast<number&>(*requests_.front());
        ++r.answer;
        finish(r);
    }
    bool draining() const { return requests_.draining(); }

    std::vector<std::vector<int>> flights; // what left together
    bool connected = true;

private:
    void flush() noexcept override {
        flights.emplace_back();
        while (auto* const next = requests_.next()) {
            flights.back().push_back(static_cast<number*>(next)->value);
            requests_.sent(*next);
        }
    }
    void disconnect() noexcept override { connected = false; }

    coda::request_pipeline requests_;
};

class pipelined : public testing::Test {
protected:
    manual_loop loop;
    echo_peer peer{loop};

    task<> expect_answer(int n) {
        auto const r = co_await as_result(ask{&peer, n});
        EXPECT_TRUE(r.has_value()) << r.error().message();
        if (r.has_value()) {
            EXPECT_EQ(*r, n);
        }
    }
    task<> expect_failure(int n, coda::error_code code, outcome what) {
        auto const r = co_await as_result(ask{&peer, n});
        EXPECT_TRUE(r.has_error());
        if (!r.has_error()) co_return;
        EXPECT_EQ(r.error().code(), code);
        EXPECT_EQ(r.error().outcome(), what);
    }
    static auto next_turn() { return coda::sleep_for(1ms); } // what is deferred to the end of this one has run
    template <class Body>
    void run(Body const& body) {
        loop.run(coda::with_scope(body));
    }
};

TEST_F(pipelined, requests_of_one_turn_leave_together_and_are_answered_in_order) {
    run([&](scope& s) -> task<> {
        for (int n = 1; n <= 3; ++n) s.spawn(expect_answer(n));
        co_await next_turn();
        EXPECT_THAT(peer.flights, ElementsAre(ElementsAre(1, 2, 3)));
        EXPECT_FALSE(peer.idle().is_set());
        peer.answer(3);
        EXPECT_TRUE(peer.idle().is_set());
    });
}

TEST_F(pipelined, without_a_connection_there_is_nothing_to_wait_for) {
    run([&](scope&) -> task<> {
        auto const r = co_await as_result(ask{nullptr, 1});
        EXPECT_EQ(r.error().code(), coda::errc::not_connected);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
    });
}

TEST_F(pipelined, a_request_has_its_own_bound_in_time) {
    run([&](scope&) -> task<> {
        co_await expect_failure(1, coda::errc::timed_out, outcome::unknown);
        EXPECT_EQ(loop.elapsed(), 10s);
        EXPECT_TRUE(peer.draining());
        peer.answer(1);
        EXPECT_FALSE(peer.draining());
        EXPECT_TRUE(peer.usable());
    });
}

TEST_F(pipelined, the_earlier_deadline_holds) {
    run([&](scope&) -> task<> {
        co_await coda::with_timeout(3s, expect_failure(1, coda::errc::timed_out, outcome::unknown));
        EXPECT_EQ(loop.elapsed(), 3s);
        peer.answer(1);
    });
}

TEST_F(pipelined, what_drains_too_long_loses_the_connection) {
    run([&](scope& s) -> task<> {
        s.spawn(coda::with_timeout(3s, expect_failure(1, coda::errc::timed_out, outcome::unknown)));
        s.spawn(expect_failure(2, coda::errc::connection_lost, outcome::unknown));
        co_return;
    });
    EXPECT_EQ(loop.elapsed(), 4s);
    EXPECT_FALSE(peer.usable());
    EXPECT_FALSE(peer.connected);
}

TEST_F(pipelined, each_draining_slot_has_its_own_time) {
    run([&](scope& s) -> task<> {
        for (int n = 1; n <= 2; ++n)
            s.spawn(coda::with_timeout(3s, expect_failure(n, coda::errc::timed_out, outcome::unknown)));
        co_await coda::sleep_for(3900ms);
        peer.answer(1);
        co_await coda::sleep_for(900ms);
        EXPECT_TRUE(peer.usable());
        peer.answer(1);
        co_await coda::sleep_for(10s);
        EXPECT_TRUE(peer.usable());
    });
}

TEST_F(pipelined, a_loss_tells_who_was_sent_and_who_was_not) {
    echo_peer narrow(loop, 1, 1);
    run([&](scope& s) -> task<> {
        auto const ends = [&](int n, coda::error_code code, outcome what) -> task<> {
            auto const r = co_await as_result(ask{&narrow, n});
            EXPECT_EQ(r.error().code(), code);
            EXPECT_EQ(r.error().outcome(), what);
        };
        s.spawn(ends(1, coda::errc::connection_lost, outcome::unknown));
        co_await next_turn();
        s.spawn(ends(2, coda::errc::connection_lost, outcome::not_sent));
        co_await coda::yield();
        co_await ends(3, coda::errc::queue_full, outcome::not_sent);
        narrow.lose(error(coda::errc::connection_lost));
        co_await ends(4, coda::errc::connection_lost, outcome::not_sent);
        EXPECT_TRUE(narrow.idle().is_set());
    });
}

TEST_F(pipelined, cancelled_in_the_queue_it_is_never_sent) {
    run([&](scope& s) -> task<> {
        auto const asking = [&]() -> coda::operation<int> { co_return co_await as_result(ask{&peer, 1}); };
        auto leaving = s.spawn(asking());
        s.spawn(expect_answer(2));
        co_await coda::yield(); // both are queued, and leave at the end of the turn
        co_await gives(leaving.cancel(), outcome::not_sent);
        co_await next_turn();
        EXPECT_THAT(peer.flights, ElementsAre(ElementsAre(2)));
        peer.answer(1);
    });
}

// Whoever asks for it: others are told at once, and nothing drains.
TEST_F(pipelined, a_request_that_may_block_costs_the_connection_when_its_caller_leaves) {
    enum class way { cancelled, timed_out, destroyed };
    for (way const leaves : {way::cancelled, way::timed_out, way::destroyed}) {
        echo_peer one(loop, 2);
        auto const blocks = [&]() -> coda::operation<int> {
            co_return co_await as_result(ask{&one, 1, coda::when_left::disconnects});
        };
        auto const ends = [&](int n, outcome what) -> task<> {
            auto const r = co_await as_result(ask{&one, n});
            EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
            EXPECT_EQ(r.error().outcome(), what);
        };
        run([&](scope& s) -> task<> {
            std::optional<scope> place(std::in_place, loop);
            auto leaving = place->spawn(coda::with_timeout(leaves == way::timed_out ? 3s : 10s, blocks()));
            co_await next_turn();
            s.spawn(ends(2, outcome::unknown));
            s.spawn(ends(3, outcome::not_sent));
            co_await next_turn();
            auto const before = loop.elapsed();
            if (leaves == way::cancelled) co_await gives(leaving.cancel(), outcome::unknown);
            if (leaves == way::timed_out) static_cast<void>(co_await as_result(leaving.join()));
            place.reset();
            EXPECT_FALSE(one.usable());
            EXPECT_FALSE(one.connected);
            EXPECT_LT(loop.elapsed() - before, 3s);
        });
    }
}

TEST_F(pipelined, a_request_that_may_block_leaves_the_queue_and_gives_its_answer_like_others) {
    run([&](scope& s) -> task<> {
        auto const blocks = [&]() -> coda::operation<int> {
            co_return co_await as_result(ask{&peer, 1, coda::when_left::disconnects});
        };
        auto queued = s.spawn(blocks());
        co_await coda::yield();
        co_await gives(queued.cancel(), outcome::not_sent);
        auto answered = s.spawn(blocks());
        co_await next_turn();
        peer.answer(1);
        co_await gives(answered.join(), 1);
        EXPECT_TRUE(peer.usable());
    });
}

TEST_F(pipelined, a_request_that_is_destroyed_leaves) {
    {
        number gone(&peer, 1);
        EXPECT_EQ(gone.at, coda::pipeline_request::stage::idle);
    }
    EXPECT_EQ(peer.load(), 0u);
}

TEST_F(pipelined, a_request_may_wait_for_one_part_of_its_reply_after_the_other) {
    run([&](scope& s) -> task<> {
        auto const reads = [&]() -> task<> {
            number_in_parts request(&peer, 7);
            for (int part = 1; part <= 3; ++part) co_await gives(request.next(), part);
            co_await gives(request.next(), 7, "the end");
            co_await gives(request.next(), 7, "and ever after");
        };
        auto reader = s.spawn(reads());
        co_await next_turn();
        for (int part = 1; part <= 3; ++part) {
            peer.answer_in_part();
            co_await coda::sleep_for(9s); // each wait has its own bound
        }
        peer.answer(1);
        co_await reader.join();
        EXPECT_TRUE(peer.idle().is_set());
    });
}

TEST_F(pipelined, what_comes_between_two_waits_is_found_by_the_next) {
    run([&](scope& s) -> task<> {
        auto const reads = [&]() -> task<> {
            number_in_parts request(&peer, 7);
            co_await gives(request.next(), 1);
            co_await coda::sleep_for(20s);
            co_await gives(request.next(), 7);
        };
        s.spawn(reads());
        co_await next_turn();
        peer.answer_in_part();
        co_await next_turn();
        peer.answer(1);
    });
}

TEST_F(pipelined, a_loss_between_two_waits_is_found_by_the_next) {
    run([&](scope& s) -> task<> {
        auto const reads = [&]() -> task<> {
            number_in_parts request(&peer, 7);
            co_await gives(request.next(), 1);
            co_await coda::sleep_for(1s);
            auto const r = co_await as_result(request.next());
            EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
            EXPECT_EQ(r.error().outcome(), outcome::unknown);
        };
        s.spawn(reads());
        co_await next_turn();
        peer.answer_in_part();
        co_await next_turn();
        peer.lose(error(coda::errc::connection_lost));
    });
}

TEST_F(pipelined, left_in_a_later_wait_it_drains) {
    run([&](scope& s) -> task<> {
        auto const reads = [&](outcome what) -> task<> {
            number_in_parts request(&peer, 7);
            co_await gives(request.next(), 1);
            auto const r = co_await as_result(request.next());
            EXPECT_TRUE(r.has_error());
            EXPECT_EQ(r.error().outcome(), what);
        };
        auto reader = s.spawn(reads(outcome::unknown));
        co_await next_turn();
        peer.answer_in_part();
        co_await next_turn();
        static_cast<void>(co_await reader.cancel());
        EXPECT_TRUE(peer.draining());
        peer.answer(1);
        EXPECT_FALSE(peer.draining());
        EXPECT_TRUE(peer.usable());
    });
}

// Destroyed while nobody waits.
TEST_F(pipelined, destroyed_between_two_waits_it_drains) {
    run([&](scope& s) -> task<> {
        auto const reads = [&]() -> task<> {
            number_in_parts request(&peer, 7);
            co_await gives(request.next(), 1);
        };
        auto reader = s.spawn(reads());
        co_await next_turn();
        peer.answer_in_part();
        co_await reader.join();
        EXPECT_TRUE(peer.draining());
        peer.answer(1);
        EXPECT_TRUE(peer.idle().is_set());
    });
}

} // namespace runtime_pipelined_connection_test
