// SPDX-License-Identifier: BSL-1.0
#include <coda/redis/options.hpp>

#include <fmt/format.h>

namespace coda::redis {

namespace {

error out_of_range(std::string_view option, std::string_view range, auto value) {
    return {coda::errc::invalid_argument, fmt::format("{} must be {}, not {}", option, range, value)};
}

result<> positive(std::string_view option, duration d) {
    if (d > duration::zero()) return {};
    return out_of_range(option, "more than 0 ms", fmt::format("{} ns", d.count()));
}

result<> within(std::string_view option, std::size_t value, std::size_t low, std::size_t high) {
    if (value >= low && value <= high) return {};
    return out_of_range(option, fmt::format("{} to {}", low, high), value);
}

} // namespace

result<> check(connection_options const& o) {
    for (auto const& r :
         {positive("connect_timeout", o.connect_timeout), positive("command_timeout", o.command_timeout),
          positive("drain_timeout", o.drain_timeout), within("max_in_flight", o.max_in_flight, 1, 65'536),
          within("max_queued", o.max_queued, 1, 10'000'000)})
        if (r.has_error()) return r;
    return {};
}

result<> check(client_options const& o) {
    auto const r = within("connections", o.connections, 1, 1'000);
    return r.has_error() ? r : check(o.connection);
}

} // namespace coda::redis
