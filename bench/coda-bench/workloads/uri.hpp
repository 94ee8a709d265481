// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coda::bench {

/// The parts of scheme://[user_info@]hosts[rest], as they stand there; `rest` begins with '/' or '?'.
struct uri_parts {
    std::string_view scheme;
    std::string_view user_info;
    std::string_view hosts;
    std::string_view rest;
};

/// Views into `uri`.
/// @throws std::runtime_error when there is no scheme; the message does not quote the URI
[[nodiscard]] uri_parts split_uri(std::string_view uri);

/// `uri` with its hosts replaced by a port of this machine; user and rest stay.
[[nodiscard]] std::string with_local_port(std::string_view uri, std::uint16_t port);

/// "HOST:PORT" of the first host.
[[nodiscard]] std::string first_host(std::string_view uri, std::uint16_t default_port);

/// %41 -> A
[[nodiscard]] std::string percent_decoded(std::string_view text);

} // namespace coda::bench
