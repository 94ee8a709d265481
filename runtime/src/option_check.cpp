// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/option_check.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda {

using namespace std::chrono_literals;

namespace {

error out_of_range(std::string_view option, std::string_view range, std::string_view value) {
    return {make_error_code(errc::invalid_argument), fmt::format("{} must be {}, not {}", option, range, value)};
}

// In the largest unit that gives a whole number: "25 h", "1500 ms".
std::string readable(duration d) {
    struct unit {
        std::string_view name;
        duration length;
    };
    for (auto const& [name, length] : {unit{"h", 1h}, {"min", 1min}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}})
        if (d != d.zero() && d % length == d.zero()) return fmt::format("{} {}", d / length, name);
    return d == d.zero() ? "0" : fmt::format("{} ns", d.count());
}

} // namespace

result<> check_range(std::string_view option, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
    if (value >= low && value <= high) return {};
    return out_of_range(option, fmt::format("{} to {}", low, high), fmt::to_string(value));
}

result<> check_duration(std::string_view option, duration value, duration most) {
    if (value > duration::zero() && value <= most) return {};
    return out_of_range(option, fmt::format("more than 0 and at most {}", readable(most)), readable(value));
}

result<> check_duration_or_zero(std::string_view option, duration value) {
    if (value >= duration::zero() && value <= longest_option) return {};
    return out_of_range(option, "0 to 24 h", readable(value));
}

result<> check_part(std::string_view part, result<> const& checked) {
    if (checked.has_value()) return {};
    return error(checked.error().code(), fmt::format("{}.{}", part, checked.error().message()));
}

result<> check_at_signs(std::string_view uri) {
    auto const scheme = uri.find("://");
    auto const in_scheme = [](char c) { return (c >= 'a' && c <= 'z') || c == '+'; };
    if (scheme == uri.npos || !std::ranges::all_of(uri.substr(0, scheme), in_scheme)) return {};
    auto const place = uri.substr(scheme + 3, uri.find('?', scheme) - scheme - 3);
    auto const at = place.find('@');
    if (at == place.npos || (at == place.rfind('@') && at < place.find('/'))) return {};
    return error(make_error_code(errc::invalid_argument),
                 "connection string: one \"@\" too many; write %40 for it in a user name or password");
}

result<> first_error(std::initializer_list<result<>> checks) {
    for (auto const& checked : checks)
        if (checked.has_error()) return checked;
    return {};
}

} // namespace coda
