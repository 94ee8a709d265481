// SPDX-License-Identifier: BSL-1.0
// The contract of transactions: all of one has happened or nothing, its outcome says which, and nobody else's statement
// is ever inside. For stores whose driver has them: to be included behind contract.hpp.
#pragma once

#include "transactions_fixture.hpp"

#include <coda/retry.hpp>

#include <random>

namespace coda::test::contract_tests {

CODA_CONTRACT_TEST(contract_transactions, under_a_context_that_has_ended_sends_nothing) {
    this->open();
    auto const key = this->fresh_key();
    auto const asks = [](typename Store::transaction& tx) -> task<> { co_await Store::echo(tx, "text"); };
    std::uint64_t before = 0;
    std::uint64_t of_one = 0;
    auto const asks_once = [&]() -> task<> {
        co_await this->expect_success(asks);
        co_await this->settle();
    };
    auto const body = [&]() -> task<> {
        co_await asks_once(); // what is prepared is prepared
        before = this->bytes_sent();
        co_await asks_once();
        of_one = this->bytes_sent() - before;
        before = this->bytes_sent();
        coda::cancel_source stop;
        stop.request();
        auto const r = co_await as_result(coda::with_cancellation(stop.token(), this->transact(this->writes(key))));
        this->expect_error(r, coda::errc::cancelled, outcome::not_sent);
        for (auto const limit : {coda::duration(0), coda::duration(-1s)}) {
            auto const late = co_await as_result(coda::with_timeout(limit, this->transact(this->writes(key))));
            this->expect_error(late, coda::errc::timed_out, outcome::not_sent);
        }
        co_await this->settle();
        co_await asks_once();
        this->expect_truth(key, r);
    };
    this->run(body());
    EXPECT_EQ(this->bytes_sent() - before, of_one);
    EXPECT_EQ(this->proxy().stats().accepted, 1u) << "the connection is untouched";
}

CODA_CONTRACT_TEST(contract_transactions, cancelled_while_they_wait_for_a_connection_are_never_begun) {
    this->open();
    auto const key = this->fresh_key();
    auto const late = this->fresh_key();
    coda::event inside;
    coda::event go;
    auto const waits = [&](typename Store::transaction&) -> task<> {
        inside.set();
        co_await go.wait();
    };
    auto const body = [&](scope& s) -> task<> {
        co_await this->warm();
        s.spawn(this->expect_success(waits));
        co_await inside.wait();
        auto queued = s.spawn(this->transact(this->writes(key)));
        co_await coda::yield();
        co_await gives(queued.cancel(), outcome::not_sent);
        auto const r = co_await as_result(coda::with_timeout(5ms, this->transact(this->writes(late))));
        this->expect_error(r, coda::errc::timed_out, outcome::not_sent);
        go.set();
    };
    this->run_in_scope(body);
    EXPECT_FALSE(this->kept(key));
    EXPECT_FALSE(this->kept(late));
    EXPECT_EQ(this->proxy().stats().accepted, 1u);
}

CODA_CONTRACT_TEST(contract_transactions, cancelled_in_flight_resume_at_once_and_the_next_is_not_inside) {
    this->open();
    auto const key = this->fresh_key();
    coda::event held;
    std::uint64_t before = 0;
    auto const hold = [&]() -> task<> {
        this->hold_replies();
        before = this->bytes_sent();
        held.set();
        co_return;
    };
    auto const body = [&](scope& s) -> task<> {
        co_await this->warm();
        auto sent = s.spawn(this->transact(this->writes_around(key, hold)));
        co_await held.wait();
        co_await this->until_sent(before);
        s.spawn(this->expect_works());
        co_await coda::yield();
        co_await gives(sent.cancel(), outcome::not_sent, "while its reply is still held");
        EXPECT_LE(this->leased().size(), 1u) << "the bound holds while it drains";
        this->proxy().heal();
        co_await this->expect_works();
    };
    this->run_in_scope(body);
    EXPECT_FALSE(this->kept(key));
    this->expect_connections_made(1);
}

// At its beginning, where nothing may have been written, and a little later.
CODA_CONTRACT_TEST(contract_transactions, cancelled_as_they_begin_have_not_happened) {
    this->open();
    std::vector<std::string> keys;
    auto const body = [&](scope& s) -> task<> {
        for (int turns = 0; turns < 6; ++turns) {
            co_await this->warm();
            this->hold_replies();
            keys.push_back(this->fresh_key());
            auto begins = s.spawn(this->transact(this->writes(keys.back())));
            for (int i = 0; i < turns; ++i) co_await coda::yield();
            co_await gives(begins.cancel(), outcome::not_sent);
            this->proxy().heal();
        }
        co_await this->expect_works();
    };
    this->run_in_scope(body);
    for (auto const& key : keys) EXPECT_FALSE(this->kept(key));
}

CODA_CONTRACT_TEST(contract_transactions, past_their_deadline_in_flight_are_undone) {
    this->open();
    auto const key = this->fresh_key();
    auto const hold = [&]() -> task<> { co_return this->hold_replies(); };
    auto const body = [&]() -> task<> {
        co_await this->warm();
        auto const r = co_await as_result(coda::with_timeout(30ms, this->transact(this->writes_around(key, hold))));
        this->expect_error(r, coda::errc::timed_out, outcome::not_sent);
        this->proxy().heal();
        co_await this->expect_works();
        this->expect_truth(key, r);
    };
    this->run(body());
    this->expect_connections_made(1);
}

CODA_CONTRACT_TEST(contract_transactions, without_a_deadline_have_one_for_each_statement) {
    this->open({.operation_timeout = 30ms, .drain_timeout = 30ms});
    bool reached = false;
    auto const hold = [&]() -> task<> {
        reached = true;
        co_return this->hold_replies();
    };
    auto const body = [&]() -> task<> {
        while (!reached) { // a slow machine may be late before
            auto const key = this->fresh_key();
            auto const r = co_await as_result(this->transact(this->writes_around(key, hold)));
            this->expect_error(r, coda::errc::timed_out, outcome::not_sent);
            this->expect_truth(key, r);
        }
        co_await until([&] { return this->leased().size() == 0; }, "it could not be undone in time");
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract_transactions, that_cannot_be_undone_in_time_cost_the_connection_and_no_more) {
    this->open({.drain_timeout = 30ms});
    auto const key = this->fresh_key();
    coda::event held;
    auto const hold = [&]() -> task<> {
        this->hold_replies();
        this->proxy().apply_to_new({});
        held.set();
        co_return;
    };
    auto const body = [&](scope& s) -> task<> {
        co_await this->warm();
        auto sent = s.spawn(this->transact(this->writes_around(key, hold)));
        co_await held.wait();
        co_await gives(sent.cancel(), outcome::not_sent);
        co_await this->expect_works();
        EXPECT_LE(this->leased().size(), 1u);
    };
    this->run_in_scope(body);
    EXPECT_FALSE(this->kept(key));
    EXPECT_EQ(this->proxy().stats().accepted, 2u);
}

CODA_CONTRACT_TEST(contract_transactions, whose_connection_is_cut_have_not_happened) {
    this->open();
    auto const body = [&]() -> task<> {
        for (auto const how : {cut::close, cut::reset}) {
            auto const key = this->fresh_key();
            auto const cuts = [&]() -> task<> { co_return this->proxy().cut_now(how); };
            co_await this->warm();
            auto const r = co_await as_result(this->transact(this->writes_around(key, cuts)));
            this->expect_error(r, coda::errc::connection_lost, outcome::not_sent);
            this->expect_truth(key, r);
            co_await this->expect_works();
        }
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract_transactions, whose_session_the_server_ends_have_not_happened) {
    this->open();
    auto const key = this->fresh_key();
    auto const ends = [&]() -> task<> { co_return this->store().kill_connections(); };
    auto const body = [&]() -> task<> {
        co_await this->warm();
        auto const r = co_await as_result(this->transact(this->writes_around(key, ends)));
        EXPECT_TRUE(r.has_error());
        EXPECT_EQ(r.error().kind(), coda::error_class::connection_lost) << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::not_sent) << r.error().message();
        this->expect_truth(key, r);
        co_await this->expect_works();
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract_transactions, whose_commit_is_sent_and_not_answered_are_unknown) {
    this->open();
    for (auto const d : {direction::to_client, direction::to_server}) {
        auto const key = this->fresh_key();
        auto const write_and_cut = [&](typename Store::transaction& tx) -> task<> {
            auto const both = this->writes(key);
            co_await both(tx);
            this->proxy().apply(one_way(d, {.cut_after = 0}));
        };
        auto const body = [&]() -> task<> {
            co_await this->warm();
            auto const r = co_await as_result(this->transact(write_and_cut));
            this->expect_error(r, coda::errc::connection_lost, outcome::unknown);
            this->proxy().heal();
            // It has happened where only the reply was lost, and has not where the request was.
            co_await until([&] { return this->kept(key) == (d == direction::to_client); });
            co_await this->expect_works();
        };
        this->run(body());
    }
}

CODA_CONTRACT_TEST(contract_transactions, cut_at_any_byte_of_the_servers_tell_the_truth) {
    this->cut_at_every_byte(direction::to_client);
}
CODA_CONTRACT_TEST(contract_transactions, cut_at_any_byte_of_ours_tell_the_truth) {
    this->cut_at_every_byte(direction::to_server);
}
CODA_CONTRACT_TEST(contract_transactions, held_within_what_the_server_says_tell_the_truth) {
    this->hold_at_bytes(direction::to_client);
}
CODA_CONTRACT_TEST(contract_transactions, held_within_what_we_say_tell_the_truth) {
    this->hold_at_bytes(direction::to_server);
}

CODA_CONTRACT_TEST(contract_transactions, cancelled_anywhere_tell_the_truth_and_leave_the_next_alone) {
    this->open();
    auto const attempt = [&]() -> task<bool> {
        auto const key = this->fresh_key();
        auto const r = co_await as_result(this->transact(this->writes(key)));
        EXPECT_LE(this->leased().size(), 1u);
        co_await coda::shield(this->expect_works()); // behind a COMMIT that is under way
        this->expect_truth(key, r);
        if (r.has_error()) {
            EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
        }
        co_return r.has_value();
    };
    this->run(this->warm());
    auto const cancelled = this->run(coda::test::cancel_everywhere(attempt));
    EXPECT_GT(cancelled, 0);
    this->expect_connections_made(static_cast<std::uint64_t>(cancelled));
}

// From the connect on.
CODA_CONTRACT_TEST(contract_transactions, cancelled_anywhere_leave_the_client_usable) {
    auto const attempt = [&]() -> task<bool> {
        this->open();
        auto const key = this->fresh_key();
        auto const r = co_await as_result(this->transact(this->writes(key)));
        if (r.has_error()) {
            EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
        }
        co_await coda::shield(this->expect_works());
        this->expect_truth(key, r);
        this->reset();
        co_return r.has_value();
    };
    EXPECT_GT(this->run(coda::test::cancel_everywhere(attempt)), 0);
}

CODA_CONTRACT_TEST(contract_transactions, whose_body_throws_are_undone_and_throw_that) {
    this->open();
    auto const key = this->fresh_key();
    auto const throws = [&](auto const& what) {
        return this->writes_around(key, [what]() -> task<> {
            throw what;
            co_return;
        });
    };
    auto const body = [&]() -> task<> {
        co_await this->warm();
        bool thrown = false;
        try {
            co_await this->transact(throws(std::runtime_error("not so")));
        } catch (std::runtime_error const& e) {
            thrown = std::string(e.what()) == "not so";
        }
        EXPECT_TRUE(thrown);
        EXPECT_FALSE(this->kept(key));
        coda::error const own(make_error_code(coda::errc::type_mismatch), outcome::completed);
        auto const r = co_await as_result(this->transact(throws(coda::exception(own))));
        this->expect_error(r, coda::errc::type_mismatch, outcome::completed);
        this->expect_truth(key, r);
        co_await this->expect_works();
    };
    this->run(body());
    EXPECT_EQ(this->proxy().stats().accepted, 1u);
}

CODA_CONTRACT_TEST(contract_transactions, destroyed_in_their_middle_disturb_nobody) {
    this->open();
    auto const body = [&](scope& s) -> task<> {
        for (bool const in_flight : {false, true}) {
            auto const key = this->fresh_key();
            coda::event inside;
            coda::event never;
            auto const stop = [&]() -> task<> {
                if (in_flight) this->hold_replies();
                inside.set();
                if (!in_flight) co_await never.wait();
            };
            co_await this->warm();
            std::optional<scope> place(std::in_place, this->loop());
            place->spawn(this->transact(this->writes_around(key, stop)));
            co_await inside.wait();
            auto const before = this->bytes_sent();
            if (in_flight) co_await this->until_sent(before);
            s.spawn(this->expect_works());
            co_await coda::yield();
            place.reset();
            EXPECT_LE(this->leased().size(), 1u);
            this->proxy().heal();
            co_await this->expect_works();
            EXPECT_FALSE(this->kept(key));
        }
    };
    this->run_in_scope(body);
}

CODA_CONTRACT_TEST(contract_transactions, of_many_happen_each_by_itself_while_others_leave) {
    this->open({.connections = 2});
    std::mt19937 random(7);
    int left = 0;
    int done = 0;
    auto const asks = [&](coda::duration limit) -> task<> {
        auto const key = this->fresh_key();
        auto const r = co_await as_result(coda::with_timeout(limit, this->transact(this->writes(key))));
        EXPECT_LE(this->leased().size(), 2u);
        if (r.has_error()) {
            EXPECT_EQ(r.error().code(), coda::errc::timed_out) << r.error().message();
        }
        (r.has_value() ? done : left) += 1;
        this->expect_truth(key, r);
    };
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_works();
        for (int i = 0; i < 300; ++i) {
            s.spawn(asks(i % 2 == 0 ? std::chrono::microseconds(random() % 5000) : std::chrono::microseconds(60s)));
            if (i % 3 == 0) co_await coda::sleep_for(1ms);
        }
    };
    this->run_in_scope(body);
    EXPECT_GT(left, 0);
    EXPECT_GE(done, 150);
}

CODA_CONTRACT_TEST(contract_transactions, that_lose_their_connection_once_happen_once_where_they_are_retried) {
    this->open();
    auto const key = this->fresh_key();
    int runs = 0;
    auto const cuts_first = [&]() -> task<> {
        if (++runs == 1) this->proxy().cut_now(cut::reset);
        co_return;
    };
    auto const attempt = [&]() -> task<> { co_await this->transact(this->writes_around(key, cuts_first)); };
    auto const body = [&]() -> task<> {
        co_await this->warm();
        auto const r = co_await as_result(coda::retry(coda::retry_policy::transient(), attempt));
        EXPECT_TRUE(r.has_value()) << r.error().message();
        this->expect_truth(key, r);
    };
    this->run(body());
    EXPECT_EQ(runs, 2);
}

CODA_CONTRACT_TEST(contract_transactions, that_may_have_happened_are_not_retried) {
    this->open();
    auto const key = this->fresh_key();
    int runs = 0;
    auto const write_and_cut = [&](typename Store::transaction& tx) -> task<> {
        ++runs;
        auto const both = this->writes(key);
        co_await both(tx);
        this->proxy().apply(one_way(direction::to_client, {.cut_after = 0}));
    };
    auto const attempt = [&]() -> task<> { co_await this->transact(write_and_cut); };
    auto const body = [&]() -> task<> {
        co_await this->warm();
        auto const r = co_await as_result(coda::retry(coda::retry_policy::transient(), attempt));
        this->expect_error(r, coda::errc::connection_lost, outcome::unknown);
        this->proxy().heal();
        co_await until([&] { return this->kept(key); });
    };
    this->run(body());
    EXPECT_EQ(runs, 1);
}

// Where no pool brings it back in between.
CODA_CONTRACT_TEST(contract, on_one_connection_a_transaction_is_undone_before_what_comes_next) {
    auto const db = Store::make_connection(this->loop(), this->store().uri_at(this->proxy().where()), client_limits());
    auto const key = this->fresh_key();
    auto const throws = [&](typename Store::transaction& tx) -> task<> {
        co_await Store::write(tx, key);
        throw coda::exception(coda::error(coda::errc::type_mismatch));
    };
    auto const is_late = [&](typename Store::transaction& tx) -> task<> {
        co_await Store::write(tx, key);
        this->hold_replies();
        co_await Store::write(tx, key);
    };
    // By itself, not inside of what came before.
    auto const expect_kept = [&]() -> task<> {
        auto const next = this->fresh_key();
        co_await Store::write(*db, next);
        EXPECT_EQ(this->store().count(next), 1);
        EXPECT_EQ(this->store().count(key), 0);
    };
    auto const body = [&]() -> task<> {
        co_await db->connect();
        auto const thrown = co_await as_result(Store::transact(*db, throws, client_limits()));
        this->expect_error(thrown, coda::errc::type_mismatch, outcome::not_sent);
        co_await expect_kept();
        auto const late = co_await as_result(coda::with_timeout(30ms, Store::transact(*db, is_late, client_limits())));
        this->expect_error(late, coda::errc::timed_out, outcome::not_sent);
        this->proxy().heal();
        co_await expect_kept();
    };
    this->run(body());
    EXPECT_EQ(this->proxy().stats().accepted, 1u);
}

} // namespace coda::test::contract_tests
