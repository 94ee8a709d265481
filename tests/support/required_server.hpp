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

// To be called last in a fixture's SetUp. Without a server the test fails, unless CODA_TEST_ALLOW_SKIP says that this
// machine has none: then it is skipped, and counted as such.
inline void require_server(char const* variable) {
    if (!server_variable(variable).empty()) return;
    if (!server_variable("CODA_TEST_ALLOW_SKIP").empty())
        GTEST_SKIP() << "NOT TESTED: no server, " << variable << " is not set";
    FAIL() << variable << " is not set: run this by scripts/test, or by scripts/servers run -- COMMAND";
}

} // namespace coda::test
