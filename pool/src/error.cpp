// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/error.hpp>

#include <fmt/format.h>

namespace coda {

std::string acquire_error::message() const {
    auto text = fmt::format("no connection after {} ms: {} in use, {} connecting, {} draining, {} waiting",
                            std::chrono::duration_cast<std::chrono::milliseconds>(waited).count(), pool.in_use,
                            pool.connecting, pool.resetting + pool.closing, pool.waiters);
    if (last_connect_error) text += fmt::format("; last connect error: {}", last_connect_error->message());
    return text;
}

} // namespace coda
