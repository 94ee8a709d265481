// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

namespace pg = coda::pg;
using coda::fuzz::decode_any;
using coda::fuzz::require;

namespace {

template <class T>
void same_in_words(std::string_view text) {
    auto const read = T::parse(text);
    if (!read) return;
    auto const again = T::parse(read->to_string());
    require(again && *again == *read);
}

} // namespace

// The bytes as a value, and as a text.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    decode_any<pg::inet>(data, size);
    decode_any<pg::cidr>(data, size);
    decode_any<pg::macaddr>(data, size);
    decode_any<pg::macaddr8>(data, size);
    decode_any<pg::bit_string>(data, size);
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    same_in_words<pg::inet>(text);
    same_in_words<pg::cidr>(text);
    same_in_words<pg::macaddr>(text);
    same_in_words<pg::macaddr8>(text);
    same_in_words<pg::bit_string>(text);
    return 0;
}
