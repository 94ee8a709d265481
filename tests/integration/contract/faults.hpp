// SPDX-License-Identifier: BSL-1.0
// Networks that refuse, cut, hold back, split and corrupt, and peers that are no servers.
#pragma once

#include "fixture.hpp"
#include "support/blocking_calls.hpp"
#include "support/played_dns.hpp"
#include "support/scripted_peer.hpp"

namespace coda::test::contract_tests {

using coda::test::direction;
using coda::test::fault_plan;
using coda::test::flow_faults;

inline fault_plan one_way(direction d, flow_faults const& f) {
    fault_plan plan;
    (d == direction::to_client ? plan.to_client : plan.to_server) = f;
    return plan;
}

// Each conversation is a client of its own: a connect and an echo.
template <coda::test::store Store>
class contract_conversations : public contract<Store> {
protected:
    // True: the right answer; else an error, which is left for the test to look at.
    task<bool> conversation(client_limits limits = {}) {
        auto& c = this->make(limits);
        auto const r = co_await as_result(this->echo(c, "right value"));
        last_ = r.has_error() ? r.error() : coda::error();
        if (r.has_value()) {
            EXPECT_EQ(*r, "right value");
        } else {
            EXPECT_NE(last_.outcome(), outcome::completed) << last_.message();
            EXPECT_FALSE(last_.message().empty());
        }
        bool const succeeded = r.has_value();
        this->destroy_clients();
        co_return succeeded;
    }
    coda::error const& last_error() const { return last_; }

    // The next one works, on a healthy network. The server may have hundreds of broken logins to see off first.
    void expect_healed() {
        this->proxy().heal();
        EXPECT_TRUE(this->run(conversation({.connect_timeout = 60s, .operation_timeout = 60s}))) << last_.message();
    }
    // Cuts the conversation after 0, 1, 2 ... bytes that way, until it is through before the cut.
    void cut_at_every_byte(direction d, cut how) {
        std::uint64_t n = 0;
        for (; n < 10'000; ++n) {
            this->proxy().apply_to_new(one_way(d, {.cut_after = n, .how = how}));
            if (this->run(conversation({.connect_timeout = 20s}))) break;
            EXPECT_NE(last_.code(), coda::errc::timed_out) << "after " << n << " bytes";
        }
        EXPECT_GT(n, 10u);
        EXPECT_LT(n, 10'000u);
        expect_healed();
    }
    // Bytes from the server up to now.
    std::uint64_t bytes_received() { return this->proxy().stats().to_client.forwarded; }

private:
    coda::error last_;
};

CODA_CONTRACT_TEST(contract, a_refused_connect_is_not_sent_and_the_next_may_work) {
    auto& c = this->make();
    this->proxy().refuse();
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            auto const r = co_await as_result(this->echo(c, "x"));
            EXPECT_TRUE(r.has_error());
            EXPECT_EQ(r.error().outcome(), outcome::not_sent);
            EXPECT_NE(r.error().code(), coda::errc::timed_out);
            EXPECT_FALSE(r.error().message().empty());
        }
        this->proxy().accept_again();
        co_await this->expect_echo(c, "next");
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract, a_connect_that_nobody_answers_is_bounded) {
    auto& c = this->make({.connect_timeout = 30ms});
    this->proxy().apply(coda::test::fault_plan::black_hole());
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(this->echo(c, "x"));
        this->expect_error(r, coda::errc::timed_out, outcome::not_sent);
        auto const sooner = co_await as_result(coda::with_timeout(1ms, this->echo(c, "x")));
        this->expect_error(sooner, coda::errc::timed_out, outcome::not_sent);
        auto const same_attempt = co_await as_result(this->echo(c, "x"));
        this->expect_error(same_attempt, coda::errc::timed_out, outcome::not_sent);
        this->proxy().heal();
        coda::result<std::string> next = coda::error(coda::errc::timed_out);
        while (next.has_error() && next.error().code() == coda::errc::timed_out) // where the machine is slow
            next = co_await as_result(this->echo(c, "next"));
        EXPECT_EQ(next.value(), "next");
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract, a_name_that_nobody_resolves_leaves_the_loop_to_others) {
    coda::test::played_dns dns;
    dns.add_silent("silent.test");
    auto& c = this->make_named("silent.test");
    coda::test::blocking_calls calls;
    std::optional<coda::result<std::string>> asked;
    auto const ask = [&]() -> task<> { asked = co_await as_result(this->echo(c, "x")); };
    auto const body = [&](scope& s) -> task<> {
        auto asking = s.spawn(ask());
        for (int beats = 0; beats < 20; ++beats) co_await coda::sleep_for(10ms);
        EXPECT_FALSE(asked);
        co_await asking.cancel();
    };
    this->run_in_scope(body);
    this->expect_error(*asked, coda::errc::cancelled, outcome::not_sent);
    this->destroy_clients();
    EXPECT_EQ(calls.names(), "");
}

CODA_CONTRACT_TEST(contract, a_peer_that_closes_within_a_reply_leaves_it_unknown_and_the_next_works) {
    auto& c = this->make();
    auto const body = [&]() -> task<> {
        for (auto const how : {cut::close, cut::reset})
            for (std::uint64_t const n : {0u, 1u, 3u}) {
                co_await this->expect_echo(c, "warm");
                this->proxy().apply({.to_client = {.cut_after = n, .how = how}});
                auto const r = co_await as_result(this->echo(c, "cut"));
                this->expect_error(r, coda::errc::connection_lost, outcome::unknown);
                this->proxy().heal();
                co_await this->expect_echo(c, "next");
            }
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract, a_reply_in_single_bytes_is_a_reply) {
    auto& c = this->make();
    this->proxy().apply({.to_server = {.chunk = 1}, .to_client = {.chunk = 1}});
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 10; ++i) s.spawn(this->expect_echo(c, fmt::format("value {}", i)));
        co_return;
    };
    this->run_in_scope(body);
}

CODA_CONTRACT_TEST(contract, connections_that_the_server_ends_are_replaced) {
    auto& c = this->make({.connections = 2});
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            co_await this->expect_echo(c, "before");
            this->store().kill_connections();
            co_await until([&] { return this->proxy().stats().open == 0; });
            co_await this->expect_echo(c, "after");
        }
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract_conversations, closed_at_any_byte_of_the_servers_end_in_a_typed_error) {
    this->cut_at_every_byte(direction::to_client, cut::close);
}
CODA_CONTRACT_TEST(contract_conversations, reset_at_any_byte_of_the_servers_end_in_a_typed_error) {
    this->cut_at_every_byte(direction::to_client, cut::reset);
}
CODA_CONTRACT_TEST(contract_conversations, closed_at_any_byte_of_ours_end_in_a_typed_error) {
    this->cut_at_every_byte(direction::to_server, cut::close);
}
CODA_CONTRACT_TEST(contract_conversations, reset_at_any_byte_of_ours_end_in_a_typed_error) {
    this->cut_at_every_byte(direction::to_server, cut::reset);
}

CODA_CONTRACT_TEST(contract_conversations, half_open_or_silent_are_given_up_in_bounded_time) {
    client_limits const limits{.connect_timeout = 50ms, .operation_timeout = 50ms, .drain_timeout = 20ms};
    for (std::uint64_t const n : {0u, 1u, 9u, 50u, 200u})
        for (auto const& f : {flow_faults{.cut_after = n, .how = cut::half_open}, flow_faults{.stall_after = n}}) {
            this->proxy().apply_to_new(one_way(direction::to_client, f));
            bool const through = this->run(this->conversation(limits));
            if (n < 10) {
                EXPECT_FALSE(through) << n; // others may be too far to be met
            }
            this->proxy().apply_to_new(one_way(direction::to_server, f));
            this->run(this->conversation(limits));
        }
    for (auto const& plan :
         {fault_plan::never_answer(), fault_plan::black_hole(), fault_plan::partition(),
          fault_plan{.accept = coda::test::on_accept::close}, fault_plan{.accept = coda::test::on_accept::reset}}) {
        this->proxy().apply_to_new(plan);
        EXPECT_FALSE(this->run(this->conversation(limits)));
        EXPECT_EQ(this->last_error().outcome(), outcome::not_sent);
    }
    this->expect_healed();
}

CODA_CONTRACT_TEST(contract_conversations, over_a_slow_network_are_only_slow) {
    this->proxy().apply(fault_plan::latency(4ms));
    EXPECT_TRUE(this->run(this->conversation()));
    this->proxy().apply({.to_server = {.bytes_per_second = 20'000}, .to_client = {.bytes_per_second = 20'000}});
    EXPECT_TRUE(this->run(this->conversation()));
}

CODA_CONTRACT_TEST(contract_conversations, with_a_corrupt_byte_in_the_login_are_right_or_an_error) {
    client_limits const limits{.connect_timeout = 40ms, .operation_timeout = 40ms, .drain_timeout = 10ms};
    this->connected();
    auto const login = this->bytes_received();
    this->destroy_clients();
    int failed = 0;
    for (std::uint64_t n = 0; n < login; ++n) {
        this->proxy().apply_to_new({.to_client = {.corrupt_at = n}});
        auto const body = [&]() -> task<> {
            auto& c = this->make(limits);
            auto const r = co_await as_result(this->echo(c, "right value"));
            failed += r.has_error();
            EXPECT_TRUE(r.has_error() || *r == "right value") << n;
        };
        this->run(body());
        this->destroy_clients();
    }
    EXPECT_GT(failed, 0);
    this->expect_healed();
}

// What comes after a corrupted reply is right or an error, too: never another's.
CODA_CONTRACT_TEST(contract_conversations, with_a_corrupt_byte_in_a_reply_never_get_anothers) {
    client_limits const limits{.connect_timeout = 20s, .operation_timeout = 20s, .drain_timeout = 10ms};
    for (auto const mask : std::initializer_list<unsigned char>{0xff, 0x01}) {
        std::uint64_t damaged = 0;
        std::uint64_t reply = 1;
        for (std::uint64_t n = 0; n < reply; ++n) {
            auto& c = this->connected(limits);
            auto const body = [&]() -> task<> {
                auto const before = this->bytes_received();
                co_await this->expect_echo(c, "right value");
                reply = this->bytes_received() - before;
                this->proxy().apply({.to_client = {.corrupt_at = n, .corrupt_mask = mask}});
                auto const r = co_await as_result(coda::with_timeout(40ms, this->echo(c, "right value")));
                damaged += r.has_error() || *r != "right value";
                auto const second = co_await as_result(coda::with_timeout(40ms, this->echo(c, "another one")));
                if (second.has_value()) {
                    EXPECT_NE(*second, "right value") << n; // damaged it may be: not every protocol can tell
                }
                this->proxy().heal();
                coda::result<std::string> last = coda::error(coda::errc::closed);
                // Those queued behind the damage end first, and so does one whose reply was taken for theirs.
                for (int i = 0; i < 20 && last.has_error(); ++i)
                    last = co_await as_result(coda::with_timeout(1s, this->echo(c, "last")));
                EXPECT_TRUE(last.has_value() && *last == "last") << n;
            };
            this->run(body());
            this->destroy_clients();
        }
        EXPECT_GT(reply, 10u);
        EXPECT_GT(damaged, reply / 4);
    }
}

CODA_CONTRACT_TEST(contract, a_peer_that_is_no_such_server_is_not_connected_to) {
    std::string const answers[] = {"HTTP/1.1 400 Bad Request\r\n\r\nPlease speak HTTP to me\r\n", std::string(64, '\0'),
                                   ""};
    for (auto const& says : answers) {
        coda::test::scripted_peer const peer([&says](coda::test::conversation& with) {
            with.expect_bytes(1);
            with.send(says);
        });
        auto& c = this->make_at(peer.where());
        auto const body = [&]() -> task<> {
            auto const r = co_await as_result(this->echo(c, "x"));
            EXPECT_TRUE(r.has_error());
            EXPECT_EQ(r.error().outcome(), outcome::not_sent) << r.error().message();
            EXPECT_NE(r.error().code(), coda::errc::timed_out) << r.error().message();
            EXPECT_FALSE(r.error().message().empty());
        };
        this->run(body());
        this->destroy_clients();
        EXPECT_TRUE(peer.wait_until_ended(1));
    }
}

CODA_CONTRACT_TEST(contract, a_server_that_falls_silent_is_given_up_and_found_again) {
    auto& c = this->connected({.drain_timeout = 30ms});
    auto const body = [&]() -> task<> {
        co_await this->expect_echo(c, "warm");
        this->proxy().apply(fault_plan::black_hole());
        auto const sent = co_await as_result(coda::with_timeout(30ms, this->echo(c, "lost")));
        this->expect_error(sent, coda::errc::timed_out, outcome::unknown);
        co_await until([&] { return Store::open_connections(c) == 0; }, "it drained too long");
        auto const connect = co_await as_result(coda::with_timeout(30ms, this->echo(c, "not even sent")));
        this->expect_error(connect, coda::errc::timed_out, outcome::not_sent);
        this->proxy().heal();
        coda::result<std::string> next = coda::error(coda::errc::closed);
        for (int i = 0; i < 5 && next.has_error(); ++i) // attempts under way fail first
            next = co_await as_result(this->echo(c, "next"));
        EXPECT_TRUE(next.has_value() && *next == "next");
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract, a_network_that_is_gone_for_a_while_is_used_again) {
    auto& c = this->make({.connections = 2});
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            co_await this->expect_echo(c, "before");
            this->proxy().refuse();
            this->store().kill_connections();
            co_await until([&] { return this->proxy().stats().open == 0; });
            auto const down = co_await as_result(this->echo(c, "meanwhile"));
            EXPECT_TRUE(down.has_error());
            EXPECT_EQ(down.error().outcome(), outcome::not_sent) << down.error().message();
            this->proxy().accept_again();
            co_await this->expect_echo(c, "after");
        }
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract, connections_that_go_under_load_lose_nothing_for_good) {
    auto& c = this->make({.connections = 3});
    int answered = 0;
    int failed = 0;
    bool stop = false;
    auto const worker = [&](int n) -> task<> {
        auto const text = fmt::format("value {}", n);
        while (!stop) {
            auto const r = co_await as_result(this->echo(c, text));
            if (r.has_value()) {
                ++answered;
                EXPECT_EQ(*r, text);
            } else {
                ++failed;
                EXPECT_NE(r.error().outcome(), outcome::completed) << r.error().message();
                EXPECT_NE(r.error().code(), coda::errc::timed_out);
            }
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 30; ++i) s.spawn(worker(i));
        for (int round = 0; round < 10; ++round) {
            int const before = answered;
            this->store().kill_connections();
            co_await until([&] { return answered > before + 100; });
        }
        stop = true;
    };
    this->run_in_scope(body);
    EXPECT_GT(failed, 0);
}

} // namespace coda::test::contract_tests
