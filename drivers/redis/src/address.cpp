// SPDX-License-Identifier: BSL-1.0
#include "address.hpp"

#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace coda::redis::detail {

namespace {

error wrong(std::string_view what) {
    return {make_error_code(coda::errc::invalid_argument), fmt::format("Redis URI: {}", what)};
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// No value where there is a bad escape, a zero byte, or a character that a URI cannot have.
std::optional<std::string> decoded(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            int const high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            int const low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') {
            return std::nullopt;
        }
        plain.push_back(c);
    }
    return plain;
}

bool is_number(std::string_view text, int low, int high) noexcept {
    int value = 0;
    auto const parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && value >= low && value <= high;
}

// Takes what is before the first `mark` off the front; all where there is none.
std::string_view take_until(std::string_view& text, char mark) noexcept {
    auto const at = text.find(mark);
    auto const front = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return front;
}

result<> parse_login(std::string_view text, address& to) {
    if (text.find('@') != std::string_view::npos) return wrong("an @ in the user or password must be written as %40");
    auto const colon = text.find(':');
    if (colon == std::string_view::npos) return wrong("a user needs a password (user:password@)");
    auto const user = decoded(text.substr(0, colon));
    if (!user) return wrong("malformed user");
    auto password = decoded(text.substr(colon + 1));
    if (!password) return wrong("malformed password");
    to.user = *user;
    to.password = std::move(password);
    return {};
}

result<> parse_host(std::string_view text, address& to) {
    std::string_view host = text;
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        if (end == std::string_view::npos) return wrong("malformed host: a [ without a ]");
        host = text.substr(1, end - 1);
        auto const rest = text.substr(end + 1);
        if (!rest.empty() && rest[0] != ':') return wrong("malformed host: something follows the ]");
        if (!rest.empty()) port = rest.substr(1);
    } else if (auto const colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    auto const name = decoded(host);
    if (!name) return wrong("malformed host");
    to.host = name->empty() ? "localhost" : *name;
    if (port && !is_number(*port, 1, 65'535)) return wrong("the port must be 1 to 65535");
    if (port) to.port = std::string(*port);
    return {};
}

result<> set_database(std::string_view text, address& to) {
    if (!is_number(text, 0, std::numeric_limits<int>::max())) return wrong("the database must be a number");
    to.database = std::string(text);
    return {};
}

// CLIENT SETNAME takes printable characters only, and no spaces.
result<> set_client_name(std::string_view text, address& to) {
    auto const name = decoded(text);
    bool const good = name && std::ranges::all_of(*name, [](char c) { return c > ' ' && c <= '~'; });
    if (!good) return wrong("client_name must be printable ASCII without spaces");
    to.client_name = *name;
    return {};
}

result<> parse_query(std::string_view text, address& to) {
    while (!text.empty()) {
        auto value = take_until(text, '&');
        auto const name = take_until(value, '=');
        result<> good = wrong("an option that is neither db nor client_name");
        if (name == "db") good = set_database(value, to);
        if (name == "client_name") good = set_client_name(value, to);
        if (good.has_error()) return good;
    }
    return {};
}

result<> parse_socket(std::string_view path, address& to) {
    auto const plain = decoded(path);
    if (!plain || plain->size() < 2) return wrong("malformed path of the socket");
    if (plain->size() >= sizeof(sockaddr_un::sun_path)) return wrong("the path of the socket is too long");
    to.path = *plain;
    return {};
}

} // namespace

result<address> address::parse(std::string_view uri) {
    bool const tcp = uri.starts_with("redis://");
    if (uri.starts_with("rediss://")) return wrong("TLS (rediss://) is not supported");
    if (!tcp && !uri.starts_with("unix://")) return wrong("it must begin with redis:// or unix://");
    uri.remove_prefix(tcp ? 8 : 7);
    if (uri.find('#') != std::string_view::npos) return wrong("a # must be written as %23");

    address to;
    std::string_view rest = uri;
    std::string_view before_query = take_until(rest, '?');
    auto const slash = before_query.find('/');
    auto authority = before_query.substr(0, slash);
    auto const path = slash == std::string_view::npos ? std::string_view() : before_query.substr(slash);
    result<> good;
    if (auto const at = authority.rfind('@'); at != std::string_view::npos) {
        good = parse_login(authority.substr(0, at), to);
        authority.remove_prefix(at + 1);
    }
    if (good.has_value() && tcp) good = parse_host(authority, to);
    if (good.has_value() && tcp && path.size() > 1) good = set_database(path.substr(1), to);
    if (good.has_value() && !tcp)
        good = authority.empty() ? parse_socket(path, to) : wrong("malformed path: it must begin with a /");
    if (good.has_value()) good = parse_query(rest, to);
    if (good.has_error()) return good.error();
    return to;
}

} // namespace coda::redis::detail
