// SPDX-License-Identifier: BSL-1.0
#include "json.hpp"

#include <fmt/format.h>

namespace coda::cmap {

namespace {

json::value const& member(json::object const& from, std::string_view key) {
    if (auto const* v = from.if_contains(key)) return *v;
    throw malformed(fmt::format("'{}' is missing", key));
}

[[noreturn]] void wrong_kind(std::string_view key, std::string_view wanted) {
    throw malformed(fmt::format("'{}' must be {}", key, wanted));
}

std::optional<double> as_number(json::value const& v) {
    if (!v.is_number()) return {};
    return v.to_number<double>();
}

bool stands_for_anything(json::value const& v) {
    return (v.is_string() && v.get_string() == "42") || as_number(v) == 42;
}

bool differ(std::string const& path, json::value const& expected, json::value const& actual, std::string& why) {
    why = fmt::format("{}: expected {}, was {}", path, json::serialize(expected), json::serialize(actual));
    return false;
}

} // namespace

std::string string_of(json::object const& from, std::string_view key) {
    auto const* text = member(from, key).if_string();
    if (text == nullptr) wrong_kind(key, "a string");
    return {text->data(), text->size()};
}

std::int64_t number_of(json::object const& from, std::string_view key) {
    auto const& v = member(from, key);
    if (!v.is_number()) wrong_kind(key, "a number");
    boost::system::error_code failed;
    auto const number = v.to_number<std::int64_t>(failed);
    if (failed) wrong_kind(key, "a whole number");
    return number;
}

std::int64_t number_of(json::object const& from, std::string_view key, std::int64_t otherwise) {
    return from.contains(key) ? number_of(from, key) : otherwise;
}

bool flag_of(json::object const& from, std::string_view key) {
    auto const* v = from.if_contains(key);
    if (v == nullptr) return false;
    if (!v->is_bool()) wrong_kind(key, "true or false");
    return v->get_bool();
}

json::object object_of(json::object const& from, std::string_view key) {
    auto const* v = from.if_contains(key);
    if (v == nullptr) return {};
    if (!v->is_object()) wrong_kind(key, "an object");
    return v->get_object();
}

json::array array_of(json::object const& from, std::string_view key) {
    auto const* v = from.if_contains(key);
    if (v == nullptr) return {};
    if (!v->is_array()) wrong_kind(key, "an array");
    return v->get_array();
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
