// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

struct pg_result;

namespace coda::pg::detail {

// What the failure of a prepared statement says about its preparation.
enum class preparation : unsigned char {
    holds,
    outdated,  // the server has it, and what it refers to has changed
    forgotten, // the server does not have it
};

// The parts of a failure that tell; empty where the server sent none.
struct failure_parts {
    std::string_view sqlstate{};
    std::string_view primary{};
    std::string_view position{}; // in the statement
    std::string_view context{};  // the functions that it came out of
    std::string_view routine{};  // of the server's source

    static failure_parts of(pg_result const* failed) noexcept;
};

// `name` is what the statement was prepared under. What is not `holds` was found before this statement was run.
preparation preparation_after(failure_parts const& failed, std::string_view name) noexcept;

} // namespace coda::pg::detail
