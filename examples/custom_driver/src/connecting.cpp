// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <memcached/error.hpp>

#include <charconv>

namespace memcached::detail {

namespace {

coda::error wrong(std::string_view what) {
    return {make_error_code(coda::errc::invalid_argument), fmt::format("memcached URI: {}", what)};
}

bool is_port(std::string_view text) noexcept {
    int value = 0;
    auto const parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && value >= 1 && value <= 65'535;
}

// What made a new connection useless. Nothing that matters was sent.
coda::error as_refusal(coda::error const& why) {
    auto const& code = why.code();
    bool const refused = code == coda::errc::connection_lost || code.category() == category() ||
                         code.category() == boost::system::system_category();
    if (refused) return {make_error_code(errc::connect_failed), why.message()};
    return why.with_outcome(coda::outcome::not_sent);
}

} // namespace

coda::result<address> address::parse(std::string_view uri) {
    constexpr std::string_view scheme = "memcached://";
    if (!uri.starts_with(scheme)) return wrong("it must begin with memcached://");
    uri.remove_prefix(scheme.size());
    if (uri.find_first_of("@/?#% \t\r\n") != std::string_view::npos) return wrong("it must be memcached://host:port");
    auto const colon = uri.rfind(':');
    if (colon == std::string_view::npos || !is_port(uri.substr(colon + 1))) return wrong("the port must be 1 to 65535");
    auto host = uri.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return wrong("an IPv6 address must stand in brackets");
    }
    if (host.empty() || host.find_first_of("[]") != std::string_view::npos) return wrong("malformed host");
    return address{std::string(host), std::string(uri.substr(colon + 1))};
}

coda::operation<std::shared_ptr<session>> open_session(coda::loop& l, address to, client_options options) {
    auto connected = co_await coda::as_result(coda::dial(to.host, to.port));
    if (connected.has_error()) co_return as_refusal(connected.error());
    std::shared_ptr<session> opened;
    try {
        opened = std::make_shared<session>(l, std::move(*connected), options);
    } catch (boost::system::system_error const& e) {
        co_return as_refusal(coda::error(e.code()));
    }
    opened->set_timeouts({options.connect_timeout, options.drain_timeout}); // this belongs to connecting
    auto const hello = version_command();
    request asked(opened.get(), hello);
    auto const answer = co_await coda::as_result(asked);
    if (answer.has_error()) co_return as_refusal(answer.error());
    if (auto const failed = failure_of(*answer)) co_return as_refusal(*failed);
    opened->set_timeouts({options.command_timeout, options.drain_timeout});
    co_return opened;
}

} // namespace memcached::detail
