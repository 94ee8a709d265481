// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

/// Texts and byte strings: owned, or as views into a result that is kept.
namespace coda::pg {

namespace detail {

inline std::string_view as_text(bytes b) noexcept { return {reinterpret_cast<char const*>(b.data()), b.size()}; }

// The text of a column whose binary form is it, but for jsonb, which begins with its version.
inline bool read_text(bytes from, oid sent, std::string_view& to) noexcept {
    if (sent == type::jsonb) {
        if (from.empty() || from[0] != std::byte{1}) return false;
        from = from.subspan(1);
    } else if (!is_text(sent)) {
        return false;
    } else if (sent == type::char_ && from.size() == 1 && from[0] == std::byte{0}) {
        from = {}; // as the server shows it
    }
    to = as_text(from);
    return true;
}

// numeric's digits, as SQL writes them; false: these bytes are none.
bool read_numeric_text(bytes from, std::string& to);

} // namespace detail

/// Text. Also read from json, jsonb, xml and numeric. As a parameter its SQL type is decided by its place, so a string
/// may stand for any type in its text form; inside of an array or composite it is text. It must not contain a zero
/// byte: PostgreSQL has no such text (errc::invalid_argument before anything is sent).
template <>
struct codec<std::string> {
    static constexpr oid type = type::any;
    static constexpr oid nested = type::text;
    static constexpr bool binary = false;
    static std::string name() { return "text"; }
    static constexpr bool reads(oid sent) noexcept {
        return detail::is_text(sent) || sent == type::jsonb || sent == type::numeric;
    }
    static bool decode(bytes from, oid sent, std::string& to) {
        std::string_view text;
        if (!detail::read_text(from, sent, text)) return sent == type::numeric && detail::read_numeric_text(from, to);
        to.assign(text);
        return true;
    }
    static void encode(std::string const& value, encoder& to) { to.refer_text(value); }
};

/// Text, as a view that is valid as long as its result_set. A parameter is copied: it has no zero byte at its end.
template <>
struct codec<std::string_view> {
    static constexpr oid type = type::any;
    static constexpr oid nested = type::text;
    static constexpr bool binary = false;
    static constexpr bool is_view = true;
    static std::string name() { return "text"; }
    static constexpr bool reads(oid sent) noexcept { return detail::is_text(sent) || sent == type::jsonb; }
    static bool decode(bytes from, oid sent, std::string_view& to) noexcept {
        return detail::read_text(from, sent, to);
    }
    static void encode(std::string_view value, encoder& to) { to.append_text(value); }
};

namespace detail {

// A text that lives elsewhere and ends with a zero byte, which libpq asks of every text parameter. NULL for a null
// pointer.
struct terminated_text {
    terminated_text(char const* text) noexcept : view(text != nullptr ? std::string_view(text) : std::string_view()) {}
    terminated_text(std::string const& text) noexcept : view(text) {}
    std::string_view view;
};

} // namespace detail

template <>
struct codec<detail::terminated_text> {
    static constexpr oid type = type::any;
    static constexpr bool binary = false;
    static void encode(detail::terminated_text value, encoder& to) { to.refer_text(value.view); }
};

/// bytea, as a view: of a column valid as long as its result_set; a parameter's must outlive the operation.
template <>
struct codec<bytes> {
    static constexpr oid type = type::bytea;
    static constexpr bool is_view = true;
    static constexpr bool reads(oid sent) noexcept { return sent == type::bytea; }
    static bool decode(bytes from, oid sent, bytes& to) noexcept {
        if (!reads(sent)) return false;
        to = from;
        return true;
    }
    static void encode(bytes value, encoder& to) { to.refer(value); }
};

/// bytea.
template <>
struct codec<std::vector<std::byte>> {
    static constexpr oid type = type::bytea;
    static constexpr bool reads(oid sent) noexcept { return sent == type::bytea; }
    static bool decode(bytes from, oid sent, std::vector<std::byte>& to) {
        if (!reads(sent)) return false;
        to.assign(from.begin(), from.end());
        return true;
    }
    static void encode(std::vector<std::byte> const& value, encoder& to) { to.refer(value); }
};

} // namespace coda::pg
