// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/bson/detail/layout.hpp>

#include <bson/bson.h>

namespace coda::bson::detail {

namespace {

constexpr std::size_t within(std::size_t size, std::size_t available) noexcept {
    return size <= available ? size : malformed;
}

// A length, that many bytes, the last of them zero.
std::size_t text_size(std::byte const* at, std::size_t available) noexcept {
    if (available < 5) return malformed;
    auto const length = load<std::int32_t>(at);
    if (length < 1 || static_cast<std::size_t>(length) > available - 4) return malformed;
    auto const size = 4 + static_cast<std::size_t>(length);
    return at[size - 1] == std::byte{0} ? size : malformed;
}

std::size_t document_size(std::byte const* at, std::size_t available) noexcept {
    if (available < empty_size) return malformed;
    auto const length = load<std::int32_t>(at);
    if (length < static_cast<std::int32_t>(empty_size) || static_cast<std::size_t>(length) > available)
        return malformed;
    auto const size = static_cast<std::size_t>(length);
    return at[size - 1] == std::byte{0} ? size : malformed;
}

std::size_t binary_size(std::byte const* at, std::size_t available) noexcept {
    if (available < 5) return malformed;
    auto const length = load<std::int32_t>(at);
    if (length < 0 || static_cast<std::size_t>(length) > available - 5) return malformed;
    // The old subtype 2 has its length a second time.
    if (at[4] == std::byte{2} && (length < 4 || load<std::int32_t>(at + 5) != length - 4)) return malformed;
    return 5 + static_cast<std::size_t>(length);
}

// Two texts that end at a zero byte.
std::size_t regex_size(std::byte const* at, std::size_t available) noexcept {
    std::size_t size = 0;
    for (int part = 0; part < 2; ++part) {
        auto const* zero = size < available ? std::memchr(at + size, 0, available - size) : nullptr;
        if (zero == nullptr) return malformed;
        size = static_cast<std::size_t>(static_cast<std::byte const*>(zero) - at) + 1;
    }
    return size;
}

std::size_t db_pointer_size(std::byte const* at, std::size_t available) noexcept {
    auto const name = text_size(at, available);
    return name == malformed ? malformed : within(name + 12, available);
}

std::size_t code_with_scope_size(std::byte const* at, std::size_t available) noexcept {
    if (available < 4) return malformed;
    auto const length = load<std::int32_t>(at);
    if (length < 4 || static_cast<std::size_t>(length) > available) return malformed;
    auto const size = static_cast<std::size_t>(length);
    auto const text = text_size(at + 4, size - 4);
    if (text == malformed) return malformed;
    auto const scope = document_size(at + 4 + text, size - 4 - text);
    return scope != malformed && 4 + text + scope == size ? size : malformed;
}

} // namespace

std::size_t value_size(type t, std::byte const* at, std::size_t available) noexcept {
    switch (t) {
    case type::undefined:
    case type::null:
    case type::min_key:
    case type::max_key: return 0;
    case type::boolean: return available >= 1 && at[0] <= std::byte{1} ? 1 : malformed;
    case type::int32: return within(4, available);
    case type::double_:
    case type::date:
    case type::timestamp:
    case type::int64: return within(8, available);
    case type::object_id: return within(12, available);
    case type::decimal128: return within(16, available);
    case type::string:
    case type::code:
    case type::symbol: return text_size(at, available);
    case type::document:
    case type::array: return document_size(at, available);
    case type::binary: return binary_size(at, available);
    case type::regex: return regex_size(at, available);
    case type::db_pointer: return db_pointer_size(at, available);
    case type::code_with_scope: return code_with_scope_size(at, available);
    }
    return malformed;
}

bool is_utf8(std::string_view text) noexcept {
    // Nearly all text is ASCII: eight characters at once, and where another one comes, the rest by libbson.
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::size_t plain = 0;
    std::uint64_t seen = 0;
    for (; text.size() - plain >= sizeof seen; plain += sizeof seen) {
        std::memcpy(&seen, text.data() + plain, sizeof seen);
        if ((seen & high_bits) != 0) break;
    }
    if (text.size() - plain < sizeof seen) {
        seen = 0;
        for (std::size_t i = plain; i < text.size(); ++i) seen |= static_cast<unsigned char>(text[i]);
    }
    return (seen & high_bits) == 0 || bson_utf8_validate(text.data() + plain, text.size() - plain, true);
}

} // namespace coda::bson::detail
