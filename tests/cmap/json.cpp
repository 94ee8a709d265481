// SPDX-License-Identifier: BSL-1.0
#include "json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace coda::cmap {

namespace {

// Null is as good as missing.
json::value const* find(json::object const& from, std::string_view key) {
    auto const* v = from.if_contains(key);
    return v == nullptr || v->is_null() ? nullptr : v;
}

json::value const& member(json::object const& from, std::string_view key) {
    if (auto const* v = find(from, key)) return *v;
    throw malformed(fmt::format("'{}' is missing", key));
}

[[noreturn]] void wrong(std::string_view key, std::string_view wanted, json::value const& v) {
    constexpr std::size_t enough = 60;
    auto text = json::serialize(v);
    if (text.size() > enough) text.replace(enough, text.npos, "...");
    throw malformed(fmt::format("'{}' must be {}, not {}", key, wanted, text));
}

std::optional<double> as_number(json::value const& v) {
    if (!v.is_number()) return {};
    return v.to_number<double>();
}

bool differ(std::string const& path, json::value const& expected, json::value const& actual, std::string& why) {
    why = fmt::format("{}: expected {}, was {}", path, json::serialize(expected), json::serialize(actual));
    return false;
}

} // namespace

std::string string_of(json::object const& from, std::string_view key) {
    auto const& v = member(from, key);
    if (!v.is_string()) wrong(key, "a string", v);
    return as_string(v, key);
}

std::int64_t number_of(json::object const& from, std::string_view key, range allowed) {
    auto const& v = member(from, key);
    boost::system::error_code failed;
    auto const number = v.is_number() ? v.to_number<std::int64_t>(failed) : 0;
    if (!v.is_number() || failed || number < allowed.least || number > allowed.most)
        wrong(key, fmt::format("a whole number from {} to {}", allowed.least, allowed.most), v);
    return number;
}

std::int64_t number_of(json::object const& from, std::string_view key, range allowed, std::int64_t otherwise) {
    return has(from, key) ? number_of(from, key, allowed) : otherwise;
}

bool flag_of(json::object const& from, std::string_view key) {
    auto const* v = find(from, key);
    if (v != nullptr && !v->is_bool()) wrong(key, "true or false", *v);
    return v != nullptr && v->get_bool();
}

json::object object_of(json::object const& from, std::string_view key) {
    auto const* v = find(from, key);
    if (v != nullptr && !v->is_object()) wrong(key, "an object", *v);
    return v == nullptr ? json::object() : v->get_object();
}

json::array array_of(json::object const& from, std::string_view key) {
    auto const* v = find(from, key);
    if (v != nullptr && !v->is_array()) wrong(key, "an array", *v);
    return v == nullptr ? json::array() : v->get_array();
}

bool has(json::object const& from, std::string_view key) { return find(from, key) != nullptr; }

json::object const& as_object(json::value const& v, std::string_view what) {
    if (!v.is_object()) throw malformed(fmt::format("{} must be an object", what));
    return v.get_object();
}

std::string as_string(json::value const& v, std::string_view what) {
    if (!v.is_string()) throw malformed(fmt::format("{} must be a string", what));
    return {v.get_string().data(), v.get_string().size()};
}

json::value without_comments(json::value const& v) {
    if (auto const* elements = v.if_array()) {
        json::array rest;
        for (auto const& each : *elements) rest.push_back(without_comments(each));
        return rest;
    }
    if (!v.is_object()) return v;
    json::object rest;
    for (auto const& [key, value] : v.get_object())
        if (key != "comment" && !key.starts_with("$")) rest[key] = without_comments(value);
    return rest;
}

void refuse_unknown(json::object const& members, std::initializer_list<std::string_view> known) {
    for (auto const& [key, value] : members)
        if (std::ranges::find(known, std::string_view(key)) == known.end())
            throw malformed(fmt::format("the member '{}' is not known", std::string_view(key)));
}

bool stands_for_anything(json::value const& v) {
    return (v.is_string() && v.get_string() == "42") || as_number(v) == 42;
}

bool matches(json::value const& expected, json::value const* actual, std::string& why, std::string const& path) {
    if (actual == nullptr || actual->is_null()) {
        why = fmt::format("{}: expected {}, was not there", path, json::serialize(expected));
        return expected.is_null() && actual != nullptr;
    }
    if (stands_for_anything(expected)) return true;
    if (auto const* members = expected.if_object()) {
        if (!actual->is_object()) return differ(path, expected, *actual, why);
        for (auto const& [key, value] : *members) {
            auto const there = path + (path.empty() ? "" : ".") + std::string(key);
            if (!matches(value, actual->get_object().if_contains(key), why, there)) return false;
        }
        return true;
    }
    if (auto const* elements = expected.if_array()) {
        if (!actual->is_array()) return differ(path, expected, *actual, why);
        for (std::size_t i = 0; i < elements->size(); ++i)
            if (!matches((*elements)[i], actual->get_array().if_contains(i), why, fmt::format("{}[{}]", path, i)))
                return false;
        return true;
    }
    if (as_number(expected) ? as_number(expected) == as_number(*actual) : expected == *actual) return true;
    return differ(path, expected, *actual, why);
}

} // namespace coda::cmap
