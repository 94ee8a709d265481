// SPDX-License-Identifier: BSL-1.0
// The contract that every driver keeps (docs/contracts.md), on every loop: whose reply it is, what cancelling and
// deadlines do, and that faults end in typed errors within bounds, with nothing left behind. These are tests, to be
// included once by the source of a store's, which has named it before: see postgres_test.cpp.
#pragma once

#include "store.hpp"
#include "support/eventually.hpp"
#include "support/fault_proxy.hpp"
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/required_server.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <random>

namespace coda::test::contract_tests {

using namespace std::chrono_literals;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::client_limits;
using coda::test::cut;
using coda::test::fault_proxy;
using coda::test::loop_kind;
using coda::test::sockets_open;
using testing::HasSubstr;
using testing::Not;

template <coda::test::store Store, loop_kind Kind>
struct on {
    using store = Store;
    static constexpr loop_kind kind = Kind;
};

inline int last_key = 0;

template <class On>
class contract : public testing::Test {
protected:
    using store_type = typename On::store;
    using client = typename store_type::client;

    void SetUp() override {
        coda::test::require_server(store_type::variable);
        if (this->IsSkipped() || this->HasFatalFailure()) return;
        store_.emplace();
        loop_ = coda::test::make_loop(On::kind);
        proxy_.emplace(store_->where());
        sockets_ = sockets_open();
    }
    // Whatever the test did: nothing is left open on our side.
    void TearDown() override {
        if (!store_) return;
        clients_.clear();
        proxy_->heal(); // it keeps a connection open for as long as it holds something back
        EXPECT_TRUE(proxy_->wait_for([](auto const& s) { return s.open == 0; })) << "connections are left";
        if constexpr (requires { store_->settled(); }) EXPECT_TRUE(store_->settled());
        EXPECT_EQ(sockets_open(), sockets_);
        proxy_.reset();
        loop_.reset();
    }

    template <class T>
    T run(task<T> t) {
        return loop_->run(std::move(t));
    }
    template <class Body>
    void run_in_scope(Body const& body) {
        loop_->run(coda::with_scope(body));
    }

    // A client through the proxy.
    client& make(client_limits limits = {}) {
        clients_.push_back(store_type::make(*loop_, store_->uri_at(proxy_->where()), limits));
        return *clients_.back();
    }
    client& connected(client_limits limits = {}) {
        client& c = make(limits);
        auto const connect = [&]() -> task<> { co_await store_type::connect(c); };
        run(connect());
        return c;
    }
    void destroy_clients() { clients_.clear(); }

    static coda::operation<std::string> echo(client& c, std::string text) {
        return store_type::echo(c, std::move(text));
    }
    static coda::operation<> write(client& c, std::string key) { return store_type::write(c, std::move(key)); }
    store_type& store() { return *store_; }
    fault_proxy& proxy() { return *proxy_; }
    static std::string fresh_key() { return fmt::format("key {} {}", getpid(), ++last_key); }

    // Replies wait in the proxy from now on, while requests reach the server.
    void hold_replies() { proxy().apply({.to_client = {.stall_after = 0}}); }
    std::uint64_t bytes_sent() { return proxy().stats().to_server.forwarded; }
    task<> until_sent(std::uint64_t before) {
        co_await until([&] { return bytes_sent() > before; });
    }
    task<> expect_echo(client& c, std::string text) {
        auto const r = co_await as_result(echo(c, text));
        EXPECT_TRUE(r.has_value()) << r.error().message();
        if (r.has_value()) {
            EXPECT_EQ(*r, text);
        }
    }
    template <class T>
    static void expect_error(coda::result<T> const& r, coda::error_code code, outcome what) {
        EXPECT_TRUE(r.has_error());
        if (!r.has_error()) return;
        EXPECT_EQ(r.error().code(), code) << r.error().message();
        EXPECT_EQ(r.error().outcome(), what) << r.error().message();
    }

private:
    std::optional<store_type> store_;
    std::unique_ptr<coda::loop> loop_;
    std::optional<fault_proxy> proxy_;
    std::vector<std::unique_ptr<client>> clients_;
    std::size_t sockets_ = 0;
};

using coda::test::contract_store;
using coda::test::gives;
using coda::test::until;
#ifdef CODA_HAS_LIBEV
using everywhere = testing::Types<on<contract_store, loop_kind::asio>, on<contract_store, loop_kind::ev>>;
#else
using everywhere = testing::Types<on<contract_store, loop_kind::asio>>;
#endif

struct names {
    template <class On>
    static std::string GetName(int) {
        std::string const variable = On::store::variable; // CODA_TEST_X_URI
        return variable.substr(10, variable.size() - 14) + (On::kind == loop_kind::asio ? "_asio" : "_ev");
    }
};
TYPED_TEST_SUITE(contract, everywhere, names);

TYPED_TEST(contract, each_reply_goes_to_its_caller) {
    auto& c = this->make({.connections = 3});
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 2000; ++i) s.spawn(this->expect_echo(c, fmt::format("value {}", i)));
        co_return;
    };
    this->run_in_scope(body);
    EXPECT_LE(this->proxy().stats().accepted, 3u);
}

TYPED_TEST(contract, each_reply_goes_to_its_caller_while_others_leave) {
    auto& c = this->make({.connections = 2, .max_in_flight = 8});
    std::mt19937 random(7);
    int left = 0;
    auto const ask = [&](int value, coda::duration limit) -> task<> {
        auto const text = fmt::format("value {}", value);
        auto const r = co_await as_result(coda::with_timeout(limit, this->echo(c, text)));
        if (r.has_value()) {
            EXPECT_EQ(*r, text);
        } else {
            ++left;
            EXPECT_EQ(r.error().code(), coda::errc::timed_out) << r.error().message();
        }
    };
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        for (int i = 0; i < 3000; ++i) {
            s.spawn(ask(i, i % 3 == 0 ? std::chrono::microseconds(random() % 5000) : std::chrono::microseconds(60s)));
            if (i % 50 == 0) co_await coda::yield();
        }
    };
    this->run_in_scope(body);
    EXPECT_GT(left, 0);
}

TYPED_TEST(contract, cancelled_before_it_was_sent_it_is_never_sent) {
    auto& c = this->connected({.max_in_flight = 1});
    auto const key = this->fresh_key();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        s.spawn(this->expect_echo(c, "first"));
        co_await this->until_sent(before);
        auto queued = s.spawn(this->write(c, key));
        co_await coda::yield();
        co_await gives(queued.cancel(), outcome::not_sent);
        this->proxy().heal();
        co_await this->expect_echo(c, "behind");
        EXPECT_EQ(this->store().count(key), 0);
    };
    this->run_in_scope(body);
    EXPECT_EQ(this->proxy().stats().accepted, 1u) << "the connection is untouched";
}

TYPED_TEST(contract, cancelled_in_flight_it_resumes_at_once_and_its_slot_drains) {
    auto& c = this->connected();
    auto const key = this->fresh_key();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        auto sent = s.spawn(this->write(c, key));
        co_await this->until_sent(before);
        s.spawn(this->expect_echo(c, "behind it"));
        co_await gives(sent.cancel(), outcome::unknown, "while its reply is still held");
        co_await until([&] { return this->store().count(key) == 1; }, "it happened nevertheless");
        this->proxy().heal();
        co_await this->expect_echo(c, "after it");
    };
    this->run_in_scope(body);
    EXPECT_EQ(this->proxy().stats().accepted, 1u) << "the same connection";
}

TYPED_TEST(contract, timed_out_in_flight_it_is_unknown_and_the_connection_goes_on) {
    auto& c = this->connected();
    auto const body = [&]() -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const r = co_await as_result(coda::with_timeout(20ms, this->echo(c, "late")));
        this->expect_error(r, coda::errc::timed_out, outcome::unknown);
        this->proxy().heal();
        co_await this->expect_echo(c, "next");
    };
    this->run(body());
    EXPECT_EQ(this->proxy().stats().accepted, 1u);
}

TYPED_TEST(contract, without_a_deadline_it_has_one_of_its_own) {
    auto& c = this->connected({.operation_timeout = 20ms, .drain_timeout = 20ms});
    auto const body = [&]() -> task<> {
        this->hold_replies();
        auto const r = co_await as_result(this->echo(c, "late"));
        this->expect_error(r, coda::errc::timed_out, outcome::unknown);
    };
    this->run(body());
}

TYPED_TEST(contract, behind_a_deadline_that_has_passed_nothing_is_sent) {
    auto& c = this->connected();
    auto const key = this->fresh_key();
    auto const body = [&]() -> task<> {
        co_await this->expect_echo(c, "warm");
        for (auto const limit : {coda::duration(0), coda::duration(-1s)}) {
            auto const r = co_await as_result(coda::with_timeout(limit, this->write(c, key)));
            this->expect_error(r, coda::errc::timed_out, outcome::not_sent);
        }
        co_await this->expect_echo(c, "next");
        EXPECT_EQ(this->store().count(key), 0);
    };
    this->run(body());
}

TYPED_TEST(contract, what_drains_too_long_costs_its_connection_and_no_more) {
    auto& c = this->connected({.drain_timeout = 20ms});
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        this->proxy().apply_to_new({});
        auto const before = this->bytes_sent();
        auto sent = s.spawn(this->echo(c, "never answered"));
        co_await this->until_sent(before);
        co_await gives(sent.cancel(), outcome::unknown);
        auto const behind = co_await as_result(this->echo(c, "behind it"));
        this->expect_error(behind, coda::errc::connection_lost, outcome::unknown);
        co_await this->expect_echo(c, "next");
    };
    this->run_in_scope(body);
    EXPECT_EQ(this->proxy().stats().accepted, 2u);
}

TYPED_TEST(contract, a_refused_connect_is_not_sent_and_the_next_may_work) {
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

TYPED_TEST(contract, a_connect_that_nobody_answers_is_bounded) {
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

TYPED_TEST(contract, a_peer_that_closes_within_a_reply_leaves_it_unknown_and_the_next_works) {
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

TYPED_TEST(contract, a_reply_in_single_bytes_is_a_reply) {
    auto& c = this->make();
    this->proxy().apply({.to_server = {.chunk = 1}, .to_client = {.chunk = 1}});
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 10; ++i) s.spawn(this->expect_echo(c, fmt::format("value {}", i)));
        co_return;
    };
    this->run_in_scope(body);
}

TYPED_TEST(contract, connections_that_the_server_ends_are_replaced) {
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

TYPED_TEST(contract, a_full_queue_refuses_at_once) {
    auto& c = this->connected({.max_in_flight = 1, .max_queued = 1});
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        s.spawn(this->expect_echo(c, "in flight"));
        co_await this->until_sent(before);
        s.spawn(this->expect_echo(c, "queued"));
        co_await coda::yield();
        auto const r = co_await as_result(this->echo(c, "one too many"));
        this->expect_error(r, coda::errc::queue_full, outcome::not_sent);
        this->proxy().heal();
    };
    this->run_in_scope(body);
}

TYPED_TEST(contract, who_still_waits_when_the_client_is_destroyed_is_told) {
    auto& c = this->connected({.max_in_flight = 1});
    auto const ended = [&](outcome expected) -> task<> {
        auto const r = co_await as_result(this->echo(c, "waiting"));
        this->expect_error(r, coda::errc::closed, expected);
    };
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        s.spawn(ended(outcome::unknown));
        co_await this->until_sent(before);
        s.spawn(ended(outcome::not_sent));
        co_await coda::yield();
        this->destroy_clients();
    };
    this->run_in_scope(body);
    this->proxy().heal();
}

TYPED_TEST(contract, close_waits_for_what_is_in_flight_and_refuses_what_comes) {
    auto& c = this->connected();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        s.spawn(this->expect_echo(c, "in flight"));
        co_await this->until_sent(before);
        auto closing = s.spawn(TypeParam::store::close(c));
        co_await coda::yield();
        auto const late = co_await as_result(this->echo(c, "late"));
        this->expect_error(late, coda::errc::closed, outcome::not_sent);
        this->proxy().heal();
        co_await closing.join();
    };
    this->run_in_scope(body);
    EXPECT_TRUE(this->proxy().wait_for([](auto const& s) { return s.open == 0; }));
}

TYPED_TEST(contract, no_error_repeats_a_password) {
    auto const l = coda::test::make_loop(TypeParam::kind);
    for (auto const& uri : TypeParam::store::malformed_uris("s3cret")) {
        try {
            TypeParam::store::make(*l, uri, {});
            ADD_FAILURE() << uri;
        } catch (coda::exception const& e) {
            EXPECT_EQ(e.code(), coda::errc::invalid_argument);
            EXPECT_THAT(e.what(), Not(HasSubstr("s3cret"))) << uri;
        }
    }
}

} // namespace coda::test::contract_tests
