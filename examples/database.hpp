// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>
#include <string>

// Which database the examples talk to: the first argument, or the test servers', or what libpq finds by itself.
inline std::string database(int argc, char** argv) {
    if (argc > 1) return argv[1];
    char const* test_server = std::getenv("CODA_TEST_POSTGRES_URI");
    return test_server != nullptr ? test_server : "postgresql://";
}
