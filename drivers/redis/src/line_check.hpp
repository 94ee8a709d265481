// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace coda::redis::detail {

// hiredis takes what follows a number for nothing: where a line's end is damaged, it reads the next line as a part of
// it, and all later replies would be those of the commands before. These say whether a line is what it was read as.

// `read`, what is left of what was read, ends with the line of a number: "$12\r\n". hiredis may have read its first
// byte before the others came, and dropped it.
bool ends_with_line(std::string_view read, char kind, long long number) noexcept;

// A status or an error is one line.
bool is_one_line(std::string_view text) noexcept;

} // namespace coda::redis::detail
