// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>
#include <string>

// Which database the examples talk to: the first argument, or the test servers', or what `otherwise` says.
inline std::string database(int argc, char** argv, char const* variable, char const* otherwise) {
    if (argc > 1) return argv[1];
    char const* test_server = std::getenv(variable);
    return test_server != nullptr ? test_server : otherwise;
}

// Of PostgreSQL; libpq finds one by itself.
inline std::string database(int argc, char** argv) {
    return database(argc, argv, "CODA_TEST_POSTGRES_URI", "postgresql://");
}

inline std::string redis_database(int argc, char** argv) {
    return database(argc, argv, "CODA_TEST_REDIS_URI", "redis://localhost");
}
