// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

namespace pg = coda::pg;
using coda::fuzz::decode_any;
using coda::fuzz::require;

namespace {

// What it says is what it is.
void same_in_words(pg::numeric const& n) {
    auto const text = n.to_string();
    auto const again = pg::numeric::parse(text);
    require(again && *again == n && again->to_string() == text);
    if (auto const whole = n.to_int64()) require(pg::numeric(*whole) == n);
    static_cast<void>(n.to_double());
}

} // namespace

// The bytes as a value, and as a text.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    decode_any<pg::numeric>(data, size);
    decode_any<std::string>(data, size, pg::type::numeric);
    pg::numeric n;
    if (pg::codec<pg::numeric>::decode(std::as_bytes(std::span(data, size)), pg::type::numeric, n)) same_in_words(n);
    if (auto const read = pg::numeric::parse({reinterpret_cast<char const*>(data), size})) same_in_words(*read);
    return 0;
}
