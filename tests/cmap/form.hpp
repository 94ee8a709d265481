// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "json.hpp"

#include <coda/pool/options.hpp>

// What the parts of a case may look like. Each function throws `malformed` for what is not of that form.
namespace coda::cmap {

// Stands for CMAP's "no limit": the pool's own limits.
constexpr std::size_t unlimited_size = 100'000;
constexpr duration unlimited_time = std::chrono::milliseconds(times_in_ms.most);

// How often an event may be waited for.
constexpr range event_counts = {1, 1'000'000};

pool_options read_options(json::object const& from);
json::object read_operation(json::value const& from);
json::value read_error(json::value const& from);
json::value read_event(json::value const& from);
std::string read_event_name(json::value const& from);
void check_requirements(json::array const& run_on);

} // namespace coda::cmap
