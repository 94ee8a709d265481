// SPDX-License-Identifier: BSL-1.0
// What a pool does when the server itself takes no more connections. For stores whose server has such a limit (those of
// MongoDB that run here have none): to be included behind contract.hpp. The store calls `limited` a server, or a user,
// of the test's own:
//
//     limited.allow(2);             // connections of clients at once, from now on
//     limited.where();              // as of a store
//     limited.uri_at(endpoint);
#pragma once

#include "fixture.hpp"

#include <coda/pool.hpp>

namespace coda::test::contract_tests {

template <coda::test::store Store>
class contract_limits : public contract<Store> {
protected:
    using connection = typename Store::connection;
    using pool_type = coda::pool<connection>;

    void SetUp() override {
        contract<Store>::SetUp();
        if (this->IsSkipped() || this->HasFatalFailure()) return;
        server_.emplace();
        door_.emplace(server_->where());
    }
    void TearDown() override {
        pool_.reset();
        if (door_) EXPECT_TRUE(door_->wait_for([](auto const& s) { return s.open == 0; })) << "connections are left";
        door_.reset();
        server_.reset();
        contract<Store>::TearDown();
    }

    pool_type& make_pool(coda::pool_options const& options) {
        auto const make = [this] { return Store::make_connection(this->loop(), server_->uri_at(door_->where())); };
        return pool_.emplace(this->loop(), make, options);
    }
    typename Store::limited& server() { return *server_; }
    // Attempts to connect so far, as the server sees them.
    std::uint64_t attempts() const { return door_->stats().accepted; }

    static void expect_throttled(coda::error const& e) {
        EXPECT_EQ(e.kind(), coda::error_class::throttled) << e.message();
        EXPECT_EQ(e.outcome(), outcome::not_sent) << e.message();
    }

private:
    std::optional<typename Store::limited> server_;
    std::optional<fault_proxy> door_;
    std::optional<pool_type> pool_;
};

CODA_CONTRACT_TEST(contract_limits, of_the_server_are_a_typed_error_and_not_stormed) {
    this->server().allow(2);
    auto& pool = this->make_pool({.max_size = 10});
    auto const waits = [&]() -> task<> {
        auto const r = co_await as_result(coda::with_timeout(1s, pool.acquire()));
        this->expect_error(r, coda::errc::timed_out, outcome::not_sent);
        auto const* why = r.error().template details<coda::acquire_error>();
        EXPECT_TRUE(why != nullptr && why->last_connect_error);
        if (why != nullptr && why->last_connect_error) this->expect_throttled(*why->last_connect_error);
    };
    auto const body = [&](scope& s) -> task<> {
        auto const one = co_await pool.acquire();
        auto const two = co_await pool.acquire();
        auto const before = this->attempts();
        auto const begun = this->loop().now();
        for (int i = 0; i < 20; ++i) s.spawn(waits());
        co_await coda::sleep_for(1s);
        // Back-off from 20 ms on, doubled each time up to 500 ms, of which a random half counts; and those at once.
        EXPECT_GE(this->attempts() - before, 1u);
        EXPECT_LE(this->attempts() - before, 8u + static_cast<unsigned>((this->loop().now() - begun) / 250ms));
        co_await (*one).ping();
        co_await (*two).ping();
    };
    this->run_in_scope(body);
}

CODA_CONTRACT_TEST(contract_limits, of_the_server_that_are_lifted_let_those_in_who_wait) {
    this->server().allow(2);
    auto& pool = this->make_pool({.max_size = 10, .acquire_timeout = 60s});
    coda::latch all(6);
    auto const takes = [&]() -> task<> {
        auto const db = co_await as_result(pool.acquire());
        EXPECT_TRUE(db.has_value()) << db.error().message();
        all.count_down();
        co_await all.wait(); // as many at once
    };
    auto const body = [&](scope& s) -> task<> {
        auto const one = co_await pool.acquire();
        auto const two = co_await pool.acquire();
        for (int i = 0; i < 6; ++i) s.spawn(takes());
        // As far as the back-off goes.
        co_await until([&] { return pool.statistics().connect_failures >= 8; });
        this->server().allow(8);
        auto const failures = pool.statistics().connect_failures;
        co_await all.wait();
        EXPECT_LE(pool.statistics().connect_failures, failures + 2) << "those under way, and no others";
        EXPECT_EQ(pool.statistics().refused, 0u);
    };
    this->run_in_scope(body);
}

// Where all that the server takes is others'. With connections of its own a pool has them come back.
CODA_CONTRACT_TEST(contract_limits, of_the_server_end_acquires_at_once_where_that_is_wanted) {
    this->server().allow(0);
    auto& pool = this->make_pool({.max_size = 10, .fail_fast = true});
    auto const body = [&]() -> task<> {
        auto const refused = co_await as_result(pool.acquire());
        EXPECT_TRUE(refused.has_error());
        if (refused.has_error()) this->expect_throttled(refused.error());
        EXPECT_EQ(this->attempts(), 1u);
        this->server().allow(1);
        co_await until([&] { return pool.statistics().idle == 1; }, "nobody has asked again");
        EXPECT_LE(pool.statistics().connect_failures, 2u) << "that one, and one that was under way";
        auto const db = co_await pool.acquire();
        co_await (*db).ping();
    };
    this->run(body());
}

} // namespace coda::test::contract_tests
