// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/options.hpp>

#include <fmt/format.h>

namespace coda {

namespace {

using namespace std::chrono_literals;

error out_of_range(std::string_view option, std::string_view range, std::string_view value) {
    return {make_error_code(errc::invalid_argument), fmt::format("{} must be {}, not {}", option, range, value)};
}

result<> within(std::string_view option, std::size_t value, std::size_t low, std::size_t high) {
    if (value >= low && value <= high) return {};
    return out_of_range(option, fmt::format("{} to {}", low, high), fmt::to_string(value));
}

result<> within_a_day(std::string_view option, duration d, bool zero_too) {
    if ((zero_too ? d >= 0ns : d > 0ns) && d <= 24h) return {};
    return out_of_range(option, zero_too ? "0 to 24 h" : "more than 0 and at most 24 h",
                        fmt::format("{} ns", d.count()));
}

} // namespace

result<> check(pool_options const& o) {
    for (auto const& r :
         {within("max_size", o.max_size, 1, 100'000), within("max_connecting", o.max_connecting, 1, 1'000),
          within("max_waiters", o.max_waiters, 1, 10'000'000),
          within_a_day("acquire_timeout", o.acquire_timeout, false),
          within_a_day("connect_timeout", o.connect_timeout, false),
          within_a_day("validate_after_idle", o.validate_after_idle, true),
          within_a_day("validate_timeout", o.validate_timeout, false),
          within_a_day("reset_timeout", o.reset_timeout, false), within_a_day("close_timeout", o.close_timeout, true)})
        if (r.has_error()) return r;
    return {};
}

} // namespace coda
