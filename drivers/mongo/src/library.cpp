// SPDX-License-Identifier: BSL-1.0
#include "library.hpp"

namespace coda::mongo::detail {

namespace {

void log_but_debug(mongoc_log_level_t level, char const* domain, char const* message, void* data) {
    if (level < MONGOC_LOG_LEVEL_DEBUG) mongoc_log_default_handler(level, domain, message, data);
}

bool start() {
    mongoc_init();
    mongoc_log_set_handler(&log_but_debug, nullptr);
    return true;
}

} // namespace

void start_library() {
    static bool const started = start();
    static_cast<void>(started);
}

} // namespace coda::mongo::detail
