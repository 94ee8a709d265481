// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/shared_connections.hpp>

namespace coda::detail {

namespace {

constexpr std::size_t most_opening = 2; // at once

} // namespace

bool should_open_another(std::size_t open, std::size_t opening, std::size_t limit, std::size_t least_load) noexcept {
    if (opening >= most_opening || open + opening >= limit) return false;
    return open == 0 ? opening == 0 : least_load > opening;
}

} // namespace coda::detail
