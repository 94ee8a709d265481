// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/socket.hpp"

#include <coda/runtime/sleep.hpp>
#include <coda/runtime/task.hpp>

#include <gtest/gtest.h>

#include <source_location>

namespace coda::test {

// Waits, while the loop goes on, until `holds` does; fails the test after `patience`. For what cannot be awaited: the
// state of a server.
template <class Holds>
task<> until(Holds holds, std::string_view why = {}, std::source_location where = std::source_location::current()) {
    auto const limit = std::chrono::steady_clock::now() + patience;
    bool in_time = true;
    while (!holds() && in_time) {
        co_await sleep_for(std::chrono::milliseconds(2));
        in_time = std::chrono::steady_clock::now() < limit;
    }
    EXPECT_TRUE(in_time) << where.file_name() << ":" << where.line() << ": this did not become true in time; " << why;
}

// EXPECT_EQ(co_await op, expected), which g++ 12 miscompiles where the coroutine has no variable of its own: the macro
// awaits in a condition.
template <class A, class V>
task<> gives(A op, V expected, std::string_view why = {},
             std::source_location where = std::source_location::current()) {
    auto const value = co_await std::move(op);
    EXPECT_EQ(value, expected) << where.file_name() << ":" << where.line() << ": " << why;
}

} // namespace coda::test
