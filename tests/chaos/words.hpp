// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "store.hpp"

#include <string>

namespace coda::chaos {

char const* name_of(request what) noexcept;
double ms(duration d) noexcept;
/// Category, number and outcome.
std::string describe(error const& e);

} // namespace coda::chaos
