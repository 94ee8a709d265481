// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo.hpp>
#include <coda/runtime.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace mongo_options_test {

using namespace std::chrono_literals;
namespace bson = coda::bson;
namespace mongo = coda::mongo;
using testing::HasSubstr;

TEST(mongo_options, defaults_are_good) { EXPECT_TRUE(check(mongo::client_options()).has_value()); }

TEST(mongo_options, limits_are_good) {
    mongo::connection_options o;
    o.connect_timeout = o.operation_timeout = 1ns;
    o.stack_size = 65'536;
    EXPECT_TRUE(check(o).has_value());
    o.connect_timeout = o.operation_timeout = 24h;
    o.stack_size = 67'108'864;
    EXPECT_TRUE(check(o).has_value());
}

TEST(mongo_options, each_bad_value_is_refused_by_the_name_of_its_option) {
    struct wrong {
        char const* option;
        std::function<void(mongo::connection_options&)> set;
    };
    wrong const all[] = {
        {"connect_timeout", [](auto& o) { o.connect_timeout = 0ns; }},
        {"connect_timeout", [](auto& o) { o.connect_timeout = -1s; }},
        {"connect_timeout", [](auto& o) { o.connect_timeout = 24h + 1ns; }},
        {"operation_timeout", [](auto& o) { o.operation_timeout = 0ns; }},
        {"operation_timeout", [](auto& o) { o.operation_timeout = coda::duration::max(); }},
        {"stack_size", [](auto& o) { o.stack_size = 0; }},
        {"stack_size", [](auto& o) { o.stack_size = 65'535; }},
        {"stack_size", [](auto& o) { o.stack_size = 67'108'865; }},
    };
    coda::asio_loop loop;
    for (auto const& w : all) {
        mongo::client_options o;
        w.set(o.connection);
        for (auto const& r : {check(o.connection), check(o)}) {
            ASSERT_TRUE(r.has_error()) << w.option;
            EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
            EXPECT_THAT(r.error().message(), HasSubstr(w.option));
        }
        EXPECT_THROW(mongo::connection(loop, "mongodb://localhost", o.connection), coda::exception);
        EXPECT_THROW(mongo::client(loop, "mongodb://localhost", o), coda::exception);
    }
}

TEST(mongo_options, those_of_the_pool_are_checked_too) {
    mongo::client_options o;
    o.pool.max_size = 0;
    auto const r = check(o);
    ASSERT_TRUE(r.has_error());
    EXPECT_THAT(r.error().message(), HasSubstr("max_size"));
    coda::asio_loop loop;
    EXPECT_THROW(mongo::client(loop, "mongodb://localhost", o), coda::exception);
}

TEST(find_options, that_cannot_be_are_refused_by_their_names) {
    std::pair<char const*, std::function<void(mongo::find_options&)>> const all[] = {
        {"limit", [](auto& o) { o.limit(0); }},
        {"limit", [](auto& o) { o.limit(-1); }},
        {"skip", [](auto& o) { o.skip(0); }},
        {"batch_size", [](auto& o) { o.batch_size(0); }},
        {"batch_size", [](auto& o) { o.batch_size(-7); }},
    };
    for (auto const& [name, set] : all) {
        mongo::find_options o;
        try {
            set(o);
            ADD_FAILURE() << name;
        } catch (coda::exception const& e) {
            EXPECT_EQ(e.code(), coda::errc::invalid_argument);
            EXPECT_THAT(e.what(), HasSubstr(name));
        }
    }
}

} // namespace mongo_options_test
