// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"
#include "stores/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string_view>

namespace bench_options_test {

using namespace coda::bench;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::variant<options, leave> parse(std::vector<char const*> arguments) {
    arguments.insert(arguments.begin(), "coda-bench");
    return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

options accepted(std::vector<char const*> arguments) {
    auto r = parse(std::move(arguments));
    if (auto* l = std::get_if<leave>(&r)) ADD_FAILURE() << l->text;
    return std::holds_alternative<options>(r) ? std::get<options>(r) : options{};
}

leave refused(std::vector<char const*> arguments) {
    auto r = parse(std::move(arguments));
    if (std::holds_alternative<options>(r)) ADD_FAILURE() << "accepted";
    return std::holds_alternative<leave>(r) ? std::get<leave>(r) : leave{};
}

TEST(options, commas_separate_several_values) {
    auto const o = accepted({"--client", "raw", "--concurrency", "1,64", "--latency", "0,2.5"});
    ASSERT_THAT(o.what.cells, SizeIs(4));
    EXPECT_THAT(o.what.cells, Contains(Field(&cell::latency_ms, 2.5)));
    EXPECT_THAT(o.what.cells, Each(Field(&cell::client, "raw")));
    EXPECT_THAT(o.what.cells, Each(Field(&cell::loop, "none")));
}

TEST(options, a_bad_option_ends_with_code_2_and_its_name) {
    struct {
        std::vector<char const*> arguments;
        char const* named;
    } const cases[] = {
        {{"--concurency", "1"}, "--concurency"},
        {{"--client", "fork"}, "--client"},
        {{"--store", "oracle"}, "--store"},
        {{"--workload", "scan"}, "--workload"},
        {{"--loop", "uring"}, "--loop"},
        {{"--concurrency", "0"}, "--concurrency"},
        {{"--concurrency", "1,x"}, "--concurrency"},
        {{"--concurrency", "-5"}, "--concurrency"},
        {{"--connections", "100000"}, "--connections"},
        {{"--latency", "-1"}, "--latency"},
        {{"--seconds", "0"}, "--seconds"},
        {{"--rounds", "1.5"}, "--rounds"},
        {{"--json"}, "--json"},
        {{"--json", ""}, "--json"},
        {{"--html", ""}, "--html"},
        {{"--html="}, "--html"},
        {{"--uri", ""}, "--uri"},
        {{"--uri="}, "--uri"},
        {{"--uri", "nonsense"}, "--uri"},
        {{"--seconds", "nan"}, "--seconds"},
        {{"--seconds", "-NaN"}, "--seconds"},
        {{"--seconds", "inf"}, "--seconds"},
        {{"--latency", "nan"}, "--latency"},
        {{"--latency", "0,nan"}, "--latency"},
        {{"--demo", "--rounds", "5"}, "--demo"},
        {{"stray"}, "stray"},
    };
    for (auto const& c : cases) {
        auto const l = refused(c.arguments);
        EXPECT_EQ(l.exit_code, 2) << c.named;
        EXPECT_THAT(l.text, HasSubstr(c.named));
        EXPECT_THAT(l.text, Not(HasSubstr("s3cret")));
    }
}

TEST(options, a_selection_that_leaves_nothing_is_refused_with_the_reason) {
    auto const l = refused({"--client", "sync", "--concurrency", "64"});
    EXPECT_EQ(l.exit_code, 2);
    EXPECT_THAT(l.text, HasSubstr("one blocking thread"));
}

TEST(options, help_and_list_end_well) {
    EXPECT_EQ(refused({"--help"}).exit_code, 0);
    auto const list = refused({"--list"});
    EXPECT_EQ(list.exit_code, 0);
    for (auto const* name : {"postgres", "read", "write", "page", "sync", "threads", "coda", "raw", "asio"})
        EXPECT_THAT(list.text, HasSubstr(name));
}

TEST(options, the_uri_given_wins_over_the_environment_and_stays_out_of_the_command) {
    ::setenv("CODA_TEST_POSTGRES_URI", "postgresql://environment", 1);
    EXPECT_EQ(accepted({}).uris.at("postgres"), "postgresql://environment");
    auto const o = accepted({"--rounds", "4", "--uri", "postgresql://u:secret@given"});
    EXPECT_EQ(o.uris.at("postgres"), "postgresql://u:secret@given");
    EXPECT_EQ(o.command, "scripts/bench --rounds 4");
    EXPECT_EQ(accepted({"--uri=postgresql://u:secret@given"}).command, "scripts/bench");
    EXPECT_EQ(accepted({"--uri", "host=given"}).uris.at("postgres"), "host=given");
    ::unsetenv("CODA_TEST_POSTGRES_URI");
}

TEST(options, a_store_without_a_server_names_the_variable_that_would_tell_one) {
    ::unsetenv("CODA_TEST_POSTGRES_URI");
    ::unsetenv("CODA_TEST_POSTGRES_SOCKET_URI");
    auto o = accepted({});
    EXPECT_THAT(o.lacking.at("postgres"), HasSubstr("CODA_TEST_POSTGRES_URI"));
    EXPECT_FALSE(o.skips_lacking);
    leave_out_lacking(o);
    EXPECT_THAT(o.what.cells, IsEmpty());
    EXPECT_THAT(o.what.left_out, Contains(HasSubstr("CODA_TEST_POSTGRES_URI")));
}

TEST(options, each_server_takes_the_uri_that_is_of_its_kind) {
    if (!find_store("all")) GTEST_SKIP() << "this build lacks a store";
    auto const o =
        accepted({"--store", "all", "--uri", "redis://r", "--uri", "postgresql://p", "--uri", "mongodb://m"});
    EXPECT_EQ(o.uris.at("redis"), "redis://r");
    EXPECT_EQ(o.uris.at("postgres"), "postgresql://p");
    EXPECT_EQ(o.uris.at("mongo"), "mongodb://m");
    EXPECT_THAT(o.lacking, IsEmpty());
}

TEST(stores, have_names_of_their_own_a_default_workload_and_clients_of_different_names) {
    std::set<std::string_view> names;
    for (auto const* s : stores()) {
        EXPECT_TRUE(names.insert(s->name).second) << s->name;
        EXPECT_FALSE(s->workloads.empty()) << s->name;
        EXPECT_FALSE(s->servers.empty()) << s->name;
        for (auto const* c : s->clients) EXPECT_EQ(find_client(s->name, c->name), c) << s->name << c->name;
    }
}

TEST(options, the_demo_has_every_client_workload_and_distance_and_a_budget) {
    auto const o = accepted({"--demo"});
    for (auto const* name : {"sync", "threads", "coda", "raw"})
        EXPECT_THAT(o.what.cells, Contains(Field(&cell::client, name)));
    for (auto const* name : {"read", "write", "page"})
        EXPECT_THAT(o.what.cells, Contains(Field(&cell::workload, name)));
    for (double ms : {0, 1, 5}) EXPECT_THAT(o.what.cells, Contains(Field(&cell::latency_ms, ms)));
    EXPECT_GE(o.rounds, 3u);
    EXPECT_GT(o.budget_seconds, 0);
    EXPECT_LT(o.budget_seconds, 300);
}

TEST(select, one_blocking_thread_has_one_query_on_one_connection) {
    auto const s = select({.clients = {"sync"}, .connections = {4, 8}, .concurrency = {1, 16}});
    ASSERT_THAT(s.cells, SizeIs(1)); // both numbers of connections come to the same
    EXPECT_EQ(s.cells[0].connections, 1u);
    EXPECT_THAT(s.left_out, SizeIs(1));
}

TEST(select, threads_end_at_a_thousand) {
    auto const s = select({.clients = {"threads"}, .concurrency = {1000, 10000}});
    EXPECT_THAT(s.cells, ElementsAre(Field(&cell::concurrency, 1000u)));
    EXPECT_THAT(s.left_out, SizeIs(1));
}

TEST(select, only_the_coroutine_client_has_loops) {
    auto const s = select({.loops = {"asio", "ev"}, .concurrency = {1}});
    int with_loop = 0;
    for (auto const& c : s.cells) {
        EXPECT_EQ(c.client == "coda", c.loop != "none");
        with_loop += c.loop != "none";
    }
    EXPECT_GE(with_loop, 1);
    EXPECT_THAT(s.left_out, IsEmpty());
}

TEST(select, clients_of_one_point_are_neighbours) {
    auto const s = select({.clients = {"threads", "raw"}, .concurrency = {1, 16}});
    ASSERT_THAT(s.cells, SizeIs(4));
    EXPECT_EQ(s.cells[0].concurrency, s.cells[1].concurrency);
    EXPECT_NE(s.cells[0].client, s.cells[1].client);
}

TEST(select, a_store_has_its_own_number_of_connections_unless_one_is_given) {
    for (auto const* store : stores()) {
        std::string const name(store->name);
        auto const usual = select({.stores = {name}, .clients = {"threads"}, .concurrency = {1}});
        EXPECT_THAT(usual.cells, ElementsAre(Field(&cell::connections, store->connections)));
        auto const given = select({.stores = {name}, .clients = {"threads"}, .connections = {3}, .concurrency = {1}});
        EXPECT_THAT(given.cells, ElementsAre(Field(&cell::connections, 3u)));
    }
}

TEST(select, a_workload_that_a_store_lacks_is_left_out_with_the_reason) {
    if (!find_store("all")) GTEST_SKIP() << "this build lacks a store";
    auto const s = select({.stores = {"all"}, .workloads = {"write"}, .concurrency = {1}});
    EXPECT_THAT(s.cells, IsEmpty());
    EXPECT_THAT(s.left_out, Contains(HasSubstr("no workload write")));
}

} // namespace bench_options_test
