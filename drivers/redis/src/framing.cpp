// SPDX-License-Identifier: BSL-1.0
#include "framing.hpp"

#include <cstring>

namespace coda::redis::detail {

namespace {

std::size_t digits(std::size_t n) noexcept {
    std::size_t count = 1;
    for (; n >= 10; n /= 10) ++count;
    return count;
}

// "$12\r\n"
char* put_length(char* at, char kind, std::size_t n) noexcept {
    *at++ = kind;
    std::size_t const count = digits(n);
    for (std::size_t i = count; i-- > 0; n /= 10) at[i] = static_cast<char>('0' + n % 10);
    at += count;
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

} // namespace

std::size_t framed_size(command_view const& command) noexcept {
    std::size_t size = 3 + digits(command.count);
    for (std::size_t i = 0; i < command.count; ++i) size += 5 + digits(command.lengths[i]) + command.lengths[i];
    return size;
}

void frame(command_view const& command, std::string& to) {
    to.resize(framed_size(command));
    char* at = put_length(to.data(), '*', command.count);
    for (std::size_t i = 0; i < command.count; ++i) {
        at = put_length(at, '$', command.lengths[i]);
        std::memcpy(at, command.texts[i], command.lengths[i]);
        at += command.lengths[i];
        *at++ = '\r';
        *at++ = '\n';
    }
}

} // namespace coda::redis::detail
