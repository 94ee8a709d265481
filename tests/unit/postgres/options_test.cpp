// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <gmock/gmock.h>

#include <functional>

namespace postgres_options_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;

TEST(connection_options, defaults_are_good) { EXPECT_TRUE(check(pg::client_options()).has_value()); }

TEST(connection_options, limits_are_good) {
    pg::connection_options o;
    o.connect_timeout = o.statement_timeout = o.drain_timeout = 1ns;
    o.max_in_flight = o.max_queued = 1;
    o.statement_cache = 0;
    EXPECT_TRUE(check(o).has_value());
    o.max_in_flight = 65'536;
    o.max_queued = 10'000'000;
    o.statement_cache = 100'000;
    EXPECT_TRUE(check(o).has_value());
    EXPECT_TRUE(check(pg::client_options{.connections = 1}).has_value());
    EXPECT_TRUE(check(pg::client_options{.connections = 1'000}).has_value());
    EXPECT_TRUE(check(pg::client_options{.min_group = 2, .max_group = 2}).has_value());
    EXPECT_TRUE(check(pg::client_options{.max_group = 1'024}).has_value());
}

TEST(connection_options, each_bad_value_is_refused_by_the_name_of_its_option) {
    struct wrong {
        char const* option;
        std::function<void(pg::connection_options&)> set;
    };
    wrong const all[] = {
        {"connect_timeout", [](auto& o) { o.connect_timeout = 0ns; }},
        {"connect_timeout", [](auto& o) { o.connect_timeout = -1s; }},
        {"statement_timeout", [](auto& o) { o.statement_timeout = 0ns; }},
        {"statement_timeout", [](auto& o) { o.statement_timeout = coda::duration::max(); }},
        {"drain_timeout", [](auto& o) { o.drain_timeout = -1ns; }},
        {"max_in_flight", [](auto& o) { o.max_in_flight = 0; }},
        {"max_in_flight", [](auto& o) { o.max_in_flight = 65'537; }},
        {"max_queued", [](auto& o) { o.max_queued = 0; }},
        {"max_queued_bytes", [](auto& o) { o.max_queued_bytes = 1'023; }},
        {"max_queued_bytes", [](auto& o) { o.max_queued_bytes = 1'000'000'000'001; }},
        {"max_queued", [](auto& o) { o.max_queued = static_cast<std::size_t>(-1); }},
        {"statement_cache", [](auto& o) { o.statement_cache = 100'001; }},
    };
    coda::asio_loop loop;
    for (auto const& w : all) {
        pg::client_options o;
        w.set(o.connection);
        for (auto const& r : {check(o.connection), check(o)}) {
            ASSERT_TRUE(r.has_error()) << w.option;
            EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
            EXPECT_NE(r.error().message().find(w.option), std::string::npos) << r.error().message();
        }
        EXPECT_THROW(pg::connection(loop, "host=/tmp", o.connection), coda::exception);
        EXPECT_THROW(pg::client(loop, "host=/tmp", o), coda::exception);
    }
}

TEST(client_options, that_could_never_be_used_are_refused) {
    auto const complaint = [](auto const& options) { return check(options).error().message(); };
    EXPECT_THAT(complaint(pg::client_options{.pool = {.monitored = true}}), testing::StartsWith("pool.monitored"));
    EXPECT_THAT(complaint(pg::client_options{.pool = {.max_size = 0}}), testing::StartsWith("pool.max_size"));
    EXPECT_THAT(complaint(pg::client_options{.grouping = static_cast<pg::grouping>(3)}),
                testing::StartsWith("grouping"));
    EXPECT_THAT(complaint(pg::transaction_options{.isolation = static_cast<pg::isolation>(4)}),
                testing::StartsWith("isolation"));
}

TEST(client_options, the_number_of_connections_is_bounded) {
    for (std::size_t const n : {std::size_t{0}, std::size_t{1'001}}) {
        auto const r = check(pg::client_options{.connections = n});
        ASSERT_TRUE(r.has_error());
        EXPECT_NE(r.error().message().find("connections"), std::string::npos);
    }
}

} // namespace postgres_options_test
