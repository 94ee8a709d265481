// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <cstdint>
#include <initializer_list>
#include <string_view>

/// Checking options, for those who have some: pools, drivers, yours.
///
///     coda::result<> check(my_options const& o) {
///         return coda::first_error({coda::check_range("connections", o.connections, 1, 1'000),
///                                   coda::check_duration("connect_timeout", o.connect_timeout)});
///     }
namespace coda {

/// The longest time that an option may ask for: far from where adding it to the clock's time would overflow.
inline constexpr duration longest_option = std::chrono::hours(24);

/// errc::invalid_argument "<option> must be <low> to <high>, not <value>" unless the value is in the range, ends
/// included.
result<> check_range(std::string_view option, std::uint64_t value, std::uint64_t low, std::uint64_t high);

/// errc::invalid_argument, naming the option, its range and its value, unless `value` is more than 0 and at most
/// `most`.
result<> check_duration(std::string_view option, duration value, duration most = longest_option);

/// The same for an option that may be 0 as well.
result<> check_duration_or_zero(std::string_view option, duration value);

/// `checked` for options that are the member `part` of others: its message names them "<part>.<option>".
result<> check_part(std::string_view part, result<> const& checked);

/// errc::invalid_argument where a URI has an "@" besides that which ends the login: the rest of a password that was not
/// percent-encoded (RFC 3986, 2.4) would be taken for a host or a database, and named in errors. What follows a "?" may
/// have some.
result<> check_at_signs(std::string_view uri);

/// The first of `checks` that failed; success where none did.
result<> first_error(std::initializer_list<result<>> checks);

} // namespace coda
