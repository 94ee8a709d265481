// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/codec/bits.hpp>

namespace coda::pg {

std::optional<bit_string> bit_string::parse(std::string_view text) {
    bit_string b;
    for (char const c : text) {
        if (c != '0' && c != '1') return std::nullopt;
        b.bits.push_back(c == '1');
    }
    return b;
}

std::string bit_string::to_string() const {
    std::string text;
    for (bool const bit : bits) text += bit ? '1' : '0';
    return text;
}

bool codec<bit_string>::decode(bytes from, oid sent, bit_string& to) {
    decoder parts(from);
    std::int32_t count = 0;
    if (!reads(sent) || !parts.read(count) || count < 0) return false;
    auto const size = static_cast<std::size_t>(count);
    if (parts.left() != (size + 7) / 8) return false;
    bytes packed;
    parts.read(parts.left(), packed);
    to.bits.resize(size);
    for (std::size_t i = 0; i < size; ++i) to.bits[i] = (packed[i / 8] & (std::byte{0x80} >> i % 8)) != std::byte{0};
    return true;
}

void codec<bit_string>::encode(bit_string const& value, encoder& to) {
    to.append_integer(static_cast<std::int32_t>(value.bits.size()));
    std::uint8_t packed = 0;
    for (std::size_t i = 0; i < value.bits.size(); ++i) {
        if (value.bits[i]) packed = static_cast<std::uint8_t>(packed | 0x80 >> i % 8);
        if (i % 8 != 7 && i + 1 != value.bits.size()) continue;
        to.append_integer(packed);
        packed = 0;
    }
}

} // namespace coda::pg
