// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace coda::cmap {

namespace json = boost::json;

// What is wrong with a case, in words for the one who wrote it.
struct malformed : std::runtime_error {
    using runtime_error::runtime_error;
};

// Calls `read`, and has what it throws begin with `where`.
template <class Read>
auto within(std::string_view where, Read read) {
    try {
        return read();
    } catch (malformed const& why) {
        throw malformed(std::string(where) + ": " + why.what());
    }
}

// Whole numbers that mean something, both ends included.
struct range {
    std::int64_t least;
    std::int64_t most;
};
constexpr range times_in_ms = {0, 86'400'000}; // a day: nothing in coda lasts longer

// The member `key` as a string, a whole number, a truth value, an object, an array. Each throws `malformed`, naming it,
// where it is of another kind or out of its range. Where it is missing or null the first two throw as well; the others
// give `otherwise`, false, or an empty one.
std::string string_of(json::object const& from, std::string_view key);
std::int64_t number_of(json::object const& from, std::string_view key, range allowed);
std::int64_t number_of(json::object const& from, std::string_view key, range allowed, std::int64_t otherwise);
bool flag_of(json::object const& from, std::string_view key);
json::object object_of(json::object const& from, std::string_view key);
json::array array_of(json::object const& from, std::string_view key);

// Whether there is such a member, and it is not null.
bool has(json::object const& from, std::string_view key);
// The value as an object, a string. `what` is how to call it where it is none.
json::object const& as_object(json::value const& v, std::string_view what);
std::string as_string(json::value const& v, std::string_view what);
// The same without what is for readers: every `comment`, and every member with a '$' in front, at any depth.
json::value without_comments(json::value const& v);
// Throws for a member that is not `known`.
void refuse_unknown(json::object const& members, std::initializer_list<std::string_view> known);

// 42 and "42" stand for anything.
bool stands_for_anything(json::value const& v);
// Whether all that is expected is there: an object may have more members, an array more elements; 42 and "42" stand for
// anything but null. Where not, `why` says so, with the path to the place.
bool matches(json::value const& expected, json::value const* actual, std::string& why, std::string const& path = "");

} // namespace coda::cmap
