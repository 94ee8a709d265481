// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace coda::test {

// The value of an environment variable of scripts/servers; empty where it is not set.
inline std::string server_variable(char const* name) {
    char const* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

// To be called last in a fixture's SetUp, with CODA_TEST_STORE_URI or the like. Without a server the test fails, unless
// CODA_TEST_STORE_UNAVAILABLE says why this machine can have none: then it is skipped, and counted as such.
inline void require_server(std::string const& variable) {
    if (!server_variable(variable.c_str()).empty()) return;
    auto const unavailable = variable.substr(0, variable.find('_', sizeof "CODA_TEST_")) + "_UNAVAILABLE";
    if (auto const why = server_variable(unavailable.c_str()); !why.empty())
        GTEST_SKIP() << "NOT TESTED, no server: " << why;
    FAIL() << variable << " is not set: run this by scripts/test, or by scripts/servers run -- COMMAND";
}

} // namespace coda::test
