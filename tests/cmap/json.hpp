// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/json.hpp>

#include <stdexcept>
#include <string_view>

namespace coda::cmap {

namespace json = boost::json;

// What is wrong with a case, in words for the one who wrote it.
struct malformed : std::runtime_error {
    using runtime_error::runtime_error;
};

// The member `key` as a string, a whole number, a truth value. Throws `malformed`, naming it, where it is missing or of
// another kind; the form with `otherwise` gives that where it is missing.
std::string string_of(json::object const& from, std::string_view key);
std::int64_t number_of(json::object const& from, std::string_view key);
std::int64_t number_of(json::object const& from, std::string_view key, std::int64_t otherwise);
bool flag_of(json::object const& from, std::string_view key);
json::object object_of(json::object const& from, std::string_view key);
json::array array_of(json::object const& from, std::string_view key);

// Whether all that is expected is there: an object may have more members, an array more elements; 42 and "42" stand for
// anything but null. Where not, `why` says so, with the path to the place.
bool matches(json::value const& expected, json::value const* actual, std::string& why, std::string const& path = "");

} // namespace coda::cmap
