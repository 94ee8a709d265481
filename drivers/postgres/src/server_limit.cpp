// SPDX-License-Identifier: BSL-1.0
#include "server_limit.hpp"

#include <coda/runtime/option_check.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda::pg::detail {

std::string server_limit(duration left) {
    constexpr duration later = std::chrono::seconds(1);
    auto const limit = std::clamp(left, duration(), longest_option) + later;
    return fmt::format("{}ms", std::chrono::ceil<std::chrono::milliseconds>(limit).count());
}

} // namespace coda::pg::detail
