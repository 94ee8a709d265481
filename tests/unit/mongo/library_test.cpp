// SPDX-License-Identifier: BSL-1.0
#include "library.hpp"

#include <coda/mongo.hpp>
#include <coda/runtime.hpp>

#include <gtest/gtest.h>

namespace mongo_library_test {

using coda::task;

// libmongoc holds a mutex while it calls the handler: a fiber that waited in there would stop all others that log.
TEST(the_library, logs_on_a_fiber_without_letting_others_run) {
    coda::mongo::detail::start_library();
    coda::asio_loop loop;
    coda::fiber_stacks stacks;
    int turns = 0;
    int seen = 0;
    auto const counts = [&]() -> task<> {
        while (seen == 0) {
            ++turns;
            co_await coda::yield();
        }
    };
    auto const logs = [&]() -> task<> {
        auto const log_some = [&](coda::fiber&) {
            int const before = turns;
            for (int i = 0; i < 100; ++i) mongoc_log(MONGOC_LOG_LEVEL_DEBUG, "test", "%d", i);
            seen = 1;
            return turns - before;
        };
        auto const others = co_await coda::on_fiber(stacks, log_some);
        EXPECT_EQ(others, 0);
    };
    auto const body = [&]() -> task<> { co_await coda::when_all(counts(), logs()); };
    loop.run(body());
    EXPECT_GT(turns, 0);
}

// It is set with the first client, and the program's own is left alone after that.
TEST(the_library, leaves_a_log_handler_that_is_set_later) {
    coda::asio_loop loop;
    coda::mongo::client const first(loop, "mongodb://localhost");
    std::string heard;
    auto const listen = [](mongoc_log_level_t, char const*, char const* message, void* to) {
        *static_cast<std::string*>(to) += message;
    };
    mongoc_log_set_handler(listen, &heard);
    coda::mongo::client const second(loop, "mongodb://localhost");
    mongoc_log(MONGOC_LOG_LEVEL_DEBUG, "test", "a message");
    mongoc_log_set_handler(nullptr, nullptr);
    EXPECT_EQ(heard, "a message");
}

} // namespace mongo_library_test
