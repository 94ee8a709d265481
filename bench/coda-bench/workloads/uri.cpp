// SPDX-License-Identifier: BSL-1.0
#include "workloads/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace coda::bench {

uri_parts split_uri(std::string_view uri) {
    auto const scheme_end = uri.find("://");
    if (scheme_end == uri.npos) throw std::runtime_error("the URI is malformed: it has no scheme");
    uri_parts parts;
    parts.scheme = uri.substr(0, scheme_end);
    auto authority = uri.substr(scheme_end + 3);
    auto const rest = std::min(authority.find_first_of("/?"), authority.size());
    parts.rest = authority.substr(rest);
    authority = authority.substr(0, rest);
    if (auto const at = authority.rfind('@'); at != authority.npos) {
        parts.user_info = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    parts.hosts = authority;
    return parts;
}

std::string with_local_port(std::string_view uri, std::uint16_t port) {
    auto const parts = split_uri(uri);
    return fmt::format("{}://{}{}127.0.0.1:{}{}", parts.scheme, parts.user_info, parts.user_info.empty() ? "" : "@",
                       port, parts.rest);
}

std::string first_host(std::string_view uri, std::uint16_t default_port) {
    auto const hosts = split_uri(uri).hosts;
    auto const host = hosts.substr(0, hosts.find(','));
    if (host.empty()) return fmt::format("127.0.0.1:{}", default_port);
    bool const has_port = host.find(':', host.starts_with('[') ? host.find(']') : 0) != host.npos;
    return has_port ? std::string(host) : fmt::format("{}:{}", host, default_port);
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char code = 0;
        auto const* digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
            out += static_cast<char>(code);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

} // namespace coda::bench
