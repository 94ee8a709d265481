// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/options.hpp>

#include <cstdint>
#include <string>

namespace coda::chaos {

/// The options of a storm's pool: within `bounds`, the rest drawn from the seed, with times so short that connections
/// grow idle, old and used up, and are pinged, within a second. Some pools have the defaults.
pool_options chosen_pool(std::uint64_t seed);

/// What was drawn, for people: "max_size 3, min_size 1, ...".
std::string describe(pool_options const& o);

} // namespace coda::chaos
