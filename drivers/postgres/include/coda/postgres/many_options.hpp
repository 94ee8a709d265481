// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <cstddef>
#include <type_traits>

namespace coda::pg {

/// How `execute_many` stores.
struct many_options {
    /// All or nothing: one transaction for all sets (or a part of the one that is open). Otherwise each `chunk` of sets
    /// is a transaction of its own, and one that fails does not stop the others. In a transaction block that is open it
    /// is a part of that, whole, either way.
    bool atomic = true;
    /// Where it is not atomic: sets that share a transaction. 1 to 1,000,000.
    std::size_t chunk = 1;
};

// What may stand inside an await with g++ 12.
static_assert(std::is_trivially_copyable_v<many_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(many_options const&);

} // namespace coda::pg
