// SPDX-License-Identifier: BSL-1.0
// What needs no server: bad input, wrong loops, operations that outlive what they were made of.
#pragma once

#include "fixture.hpp"
#include "support/manual_loop.hpp"

#include <gmock/gmock.h>

namespace coda::test::contract_tests {

template <class Store>
class contract_misuse : public testing::Test {
public:
    struct variant {
        std::string name() const { return name_of_store<Store>(); }
    };
    static std::vector<variant> variants() { return {{}}; }
    void become(variant const&) {}

protected:
    static auto make(coda::loop& l, client_limits const& limits = {}) { return Store::make(l, Store::nowhere, limits); }

    template <class T>
    static task<> expect_error(coda::operation<T> op, coda::error_code code) {
        auto const r = co_await as_result(std::move(op));
        EXPECT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), code) << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
    }
    // Awaits `op` on a loop that is not its object's.
    template <class T>
    static void expect_refused_elsewhere(coda::operation<T> op) {
        coda::asio_loop elsewhere;
        auto const asks = [](coda::operation<T> o) -> task<> {
            auto const r = co_await as_result(std::move(o));
            EXPECT_TRUE(r.has_error());
            EXPECT_EQ(r.error().code(), coda::errc::invalid_argument) << r.error().message();
            EXPECT_EQ(r.error().outcome(), outcome::not_sent);
            EXPECT_THAT(r.error().message(), testing::HasSubstr("another loop than its own"));
        };
        elsewhere.run(asks(std::move(op)));
    }
};

// A task that has spent its budget has its operation begin when others had their turn, and with them the client may go.
CODA_CONTRACT_TEST(contract_misuse, a_client_destroyed_ends_what_was_asked_of_it_and_has_not_begun) {
    coda::test::manual_loop loop;
    int asked = 0;
    auto const asks = [&](std::unique_ptr<typename Store::client>& db, int awaits) -> task<> {
        coda::event ready(true);
        co_await coda::yield();
        for (int i = 0; i < awaits; ++i) co_await ready.wait();
        if (!db) co_return; // spent already
        ++asked;
        co_await this->expect_error(Store::echo(*db, "text"), coda::errc::closed);
    };
    auto const destroys = [](std::unique_ptr<typename Store::client>& db) -> task<> {
        co_await coda::yield();
        db.reset();
    };
    auto const body = [&]() -> task<> {
        for (int awaits = 240; awaits < 260; ++awaits) {
            auto db = this->make(loop);
            co_await coda::when_all(asks(db, awaits), destroys(db));
        }
    };
    loop.run(body());
    EXPECT_GE(asked, 1);
}

CODA_CONTRACT_TEST(contract_misuse, a_client_is_not_needed_by_operations_that_were_made_and_never_awaited) {
    coda::test::manual_loop loop;
    auto db = this->make(loop);
    auto asked = Store::echo(*db, "text");
    auto connecting = Store::connect(*db);
    auto closing = Store::close(*db);
    auto dropped = Store::write(*db, "key");
    db.reset();
    auto const body = [&]() -> task<> {
        co_await this->expect_error(std::move(asked), coda::errc::closed);
        co_await this->expect_error(std::move(connecting), coda::errc::closed);
        co_await std::move(closing);
    };
    loop.run(body());
}

CODA_CONTRACT_TEST(contract_misuse, a_client_refuses_to_be_used_from_another_loop) {
    coda::asio_loop loop;
    auto const db = this->make(loop);
    this->expect_refused_elsewhere(Store::connect(*db));
    this->expect_refused_elsewhere(Store::echo(*db, "text"));
    this->expect_refused_elsewhere(Store::write(*db, "key"));
    this->expect_refused_elsewhere(Store::close(*db));
    EXPECT_EQ(Store::open_connections(*db), 0u);
}

CODA_CONTRACT_TEST(contract_misuse, a_connection_is_as_careful) {
    if constexpr (requires { typename Store::connection; }) {
        coda::test::manual_loop first;
        auto db = Store::make_connection(first, Store::nowhere);
        auto asked = Store::echo(*db, "text");
        db.reset();
        first.run(this->expect_error(std::move(asked), coda::errc::not_connected));
        coda::asio_loop second;
        db = Store::make_connection(second, Store::nowhere);
        this->expect_refused_elsewhere(db->connect());
        this->expect_refused_elsewhere(Store::echo(*db, "text"));
        this->expect_refused_elsewhere(db->close());
        EXPECT_FALSE(db->needs_reset());
    }
}

CODA_CONTRACT_TEST(contract_misuse, limits_out_of_range_are_refused) {
    coda::test::manual_loop loop;
    client_limits const wrong[] = {
        {.connections = 0},         {.connections = 1'000'000},
        {.max_queued = 0},          {.max_queued = 1'000'000'000},
        {.connect_timeout = 0s},    {.connect_timeout = 25h},
        {.operation_timeout = -1s}, {.operation_timeout = 25h},
        {.operation_timeout = 0s},
    };
    for (auto const& limits : wrong) {
        try {
            this->make(loop, limits);
            ADD_FAILURE() << &limits - wrong;
        } catch (coda::exception const& e) {
            EXPECT_EQ(e.code(), coda::errc::invalid_argument);
            EXPECT_STRNE(e.what(), "");
        }
    }
}

CODA_CONTRACT_TEST(contract_misuse, no_error_repeats_a_password) {
    coda::test::manual_loop loop;
    for (auto const& uri : Store::malformed_uris("s3cret")) {
        try {
            Store::make(loop, uri, {});
            ADD_FAILURE() << uri;
        } catch (coda::exception const& e) {
            EXPECT_EQ(e.code(), coda::errc::invalid_argument);
            EXPECT_THAT(e.what(), testing::Not(testing::HasSubstr("s3cret"))) << uri;
        }
    }
}

} // namespace coda::test::contract_tests
