// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/codec/net.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace coda::pg {

namespace {

// As the wire has it (utils/inet.h).
constexpr std::uint8_t family_v4 = 2, family_v6 = 3;

constexpr std::size_t octets_of(bool v6) noexcept { return v6 ? 16 : 4; }

template <class Number>
bool read_number(std::string_view text, Number& to, int base) noexcept {
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), to, base);
    return failed == std::errc() && end == text.data() + text.size();
}

template <bool IsNetwork>
bool is_sound(ip_address<IsNetwork> const& a) noexcept {
    if (a.prefix > octets_of(a.v6) * 8) return false;
    for (std::size_t bit = IsNetwork ? a.prefix : octets_of(a.v6) * 8; bit < a.octets.size() * 8; ++bit)
        if ((a.octets[bit / 8] & (0x80 >> bit % 8)) != 0) return false;
    return true;
}

} // namespace

template <bool IsNetwork>
std::optional<ip_address<IsNetwork>> ip_address<IsNetwork>::parse(std::string_view text) {
    auto const slash = text.find('/');
    std::string const host(text.substr(0, slash)); // ends with a zero byte
    ip_address a;
    a.v6 = host.find(':') != std::string::npos;
    if (host.find('\0') != std::string::npos) return std::nullopt;
    if (inet_pton(a.v6 ? AF_INET6 : AF_INET, host.c_str(), a.octets.data()) != 1) return std::nullopt;
    a.prefix = static_cast<std::uint8_t>(octets_of(a.v6) * 8);
    if (slash != std::string_view::npos && !read_number(text.substr(slash + 1), a.prefix, 10)) return std::nullopt;
    return is_sound(a) ? std::optional(a) : std::nullopt;
}

template <bool IsNetwork>
std::string ip_address<IsNetwork>::to_string() const {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(v6 ? AF_INET6 : AF_INET, octets.data(), text, sizeof text);
    if (!IsNetwork && prefix == octets_of(v6) * 8) return text;
    return fmt::format("{}/{}", text, prefix);
}

template struct ip_address<false>;
template struct ip_address<true>;

template <std::size_t Size>
std::optional<mac_address<Size>> mac_address<Size>::parse(std::string_view text) {
    mac_address a;
    if (text.size() != Size * 3 - 1) return std::nullopt;
    for (std::size_t i = 0; i < Size; ++i) {
        if (!read_number(text.substr(i * 3, 2), a.octets[i], 16)) return std::nullopt;
        if (i + 1 < Size && text[i * 3 + 2] != ':') return std::nullopt;
    }
    return a;
}

template <std::size_t Size>
std::string mac_address<Size>::to_string() const {
    return fmt::format("{:02x}", fmt::join(octets, ":"));
}

template struct mac_address<6>;
template struct mac_address<8>;

namespace detail {

template <bool IsNetwork>
bool read_address(bytes from, ip_address<IsNetwork>& to) noexcept {
    decoder parts(from);
    std::uint8_t family = 0, prefix = 0, is_network = 0, size = 0;
    if (!parts.read(family) || !parts.read(prefix) || !parts.read(is_network) || !parts.read(size)) return false;
    if (family != family_v4 && family != family_v6) return false;
    ip_address<IsNetwork> read{family == family_v6, prefix, {}};
    if (size != octets_of(read.v6) || parts.left() != size) return false;
    for (std::size_t i = 0; i < size; ++i) parts.read(read.octets[i]);
    if (!is_sound(read)) return false;
    to = read;
    return true;
}

template <bool IsNetwork>
void write_address(ip_address<IsNetwork> const& value, encoder& to) {
    if (!is_sound(value)) return to.refuse(IsNetwork ? "is a network with bits behind its prefix" : "is no IP address");
    auto const size = octets_of(value.v6);
    to.append_integer(value.v6 ? family_v6 : family_v4);
    to.append_integer(value.prefix);
    to.append_integer(static_cast<std::uint8_t>(IsNetwork));
    to.append_integer(static_cast<std::uint8_t>(size));
    to.append(std::as_bytes(std::span(value.octets).first(size)));
}

template bool read_address(bytes, ip_address<false>&) noexcept;
template bool read_address(bytes, ip_address<true>&) noexcept;
template void write_address(ip_address<false> const&, encoder&);
template void write_address(ip_address<true> const&, encoder&);

} // namespace detail

} // namespace coda::pg
