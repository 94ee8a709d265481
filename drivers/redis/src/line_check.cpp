// SPDX-License-Identifier: BSL-1.0
#include "line_check.hpp"

#include <charconv>

namespace coda::redis::detail {

bool ends_with_line(std::string_view read, char kind, long long number) noexcept {
    char line[24] = {kind};
    char* end = std::to_chars(line + 1, line + sizeof line - 2, number).ptr;
    *end++ = '\r';
    *end++ = '\n';
    std::string_view const whole(line, static_cast<std::size_t>(end - line));
    return read.ends_with(whole) || read == whole.substr(1);
}

bool is_one_line(std::string_view text) noexcept { return text.find_first_of("\r\n") == text.npos; }

} // namespace coda::redis::detail
