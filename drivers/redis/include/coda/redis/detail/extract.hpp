// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/redis/reply.hpp>
#include <coda/runtime/error.hpp>

#include <charconv>
#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

// Replies into types. Each `read` gives false, with the reason in `why`, where the reply is not readable as the type.
namespace coda::redis::detail {

// An error reply that stands where a value should is reported as what the server said.
bool mismatch(std::string_view expected, reply_view got, error& why);
bool wrong_size(std::size_t expected, reply_view got, error& why);
error server_failure(std::string_view text);

bool read_integer(reply_view from, std::int64_t& to) noexcept;
bool read_double(reply_view from, double& to) noexcept;

template <class T>
struct extract {
    static_assert(sizeof(T) == 0, "a reply cannot be read as this type: use integers, double, bool, std::string, "
                                  "std::optional, std::vector, std::pair, std::tuple, std::map, std::unordered_map of "
                                  "these, coda::redis::status or coda::redis::reply");
};

template <class T>
bool read_as(reply_view from, T& to, error& why) {
    return extract<T>::read(from, to, why);
}

// Also from strings: that is how values are kept.
template <std::integral T>
    requires(!std::same_as<T, bool>)
struct extract<T> {
    static_assert(sizeof(T) < 8 || std::is_signed_v<T>, "Redis' integers are signed, of 64 bits");
    static bool read(reply_view from, T& to, error& why) {
        std::int64_t value = 0;
        if (!read_integer(from, value)) return mismatch("an integer", from, why);
        if (!std::in_range<T>(value)) return mismatch("an integer that fits the type asked for", from, why);
        to = static_cast<T>(value);
        return true;
    }
};

// Instead of a value, within MULTI: it will come with EXEC's.
inline bool is_queued(reply_view r) noexcept { return r.kind() == reply_kind::status && r.text() == "QUEUED"; }

// 0 or 1; OK or nil, as SET and its kin say it.
template <>
struct extract<bool> {
    static bool read(reply_view from, bool& to, error& why) {
        bool const number = from.kind() == reply_kind::integer && (from.integer() == 0 || from.integer() == 1);
        bool const word = from.is_nil() || (from.kind() == reply_kind::status && !is_queued(from));
        if (!number && !word) return mismatch("a bool", from, why);
        to = from.integer() == 1 || from.kind() == reply_kind::status;
        return true;
    }
};

template <>
struct extract<double> {
    static bool read(reply_view from, double& to, error& why) {
        return read_double(from, to) || mismatch("a number", from, why);
    }
};

template <>
struct extract<std::string> {
    static bool read(reply_view from, std::string& to, error& why) {
        bool const text = from.kind() == reply_kind::string || from.kind() == reply_kind::status;
        if (!text || is_queued(from)) return mismatch("a string", from, why);
        to.assign(from.text());
        return true;
    }
};

template <>
struct extract<status> {
    static bool read(reply_view from, status& to, error& why) {
        if (from.kind() != reply_kind::status) return mismatch("a status", from, why);
        to.text.assign(from.text());
        return true;
    }
};

template <>
struct extract<reply> {
    static bool read(reply_view from, reply& to, error&) {
        to = reply(from);
        return true;
    }
};

template <class T>
struct extract<std::optional<T>> {
    static bool read(reply_view from, std::optional<T>& to, error& why) {
        if (!from.is_nil()) return read_as(from, to.emplace(), why);
        to.reset();
        return true;
    }
};

// What is read of each element of a flat list: itself, or, for pairs, two in a row.
template <class T>
struct extract<std::vector<T>> {
    static bool read(reply_view from, std::vector<T>& to, error& why) {
        if (from.kind() != reply_kind::array) return mismatch("an array", from, why);
        to.clear();
        to.reserve(from.size());
        for (reply_view const element : from) {
            if constexpr (std::same_as<T, bool>) {
                bool value = false;
                if (!read_as(element, value, why)) return false;
                to.push_back(value);
            } else {
                if (!read_as(element, to.emplace_back(), why)) return false;
            }
        }
        return true;
    }
};

// A pair is an array of two; a list of pairs may also be flat, name and value in turn, as HGETALL and WITHSCORES have
// it.
template <class A, class B, class Add>
bool read_pairs(reply_view from, Add add, error& why) {
    if (from.kind() != reply_kind::array) return mismatch("an array", from, why);
    bool const nested = from.size() > 0 && from[0].kind() == reply_kind::array && from[0].size() == 2;
    if (!nested && from.size() % 2 != 0) return mismatch("an array of an even number of elements", from, why);
    for (auto element = from.begin(); element != from.end(); ++element) {
        std::pair<A, B> value;
        if (nested) {
            if (!read_as(*element, value, why)) return false;
        } else {
            if (!read_as(*element, value.first, why)) return false;
            if (!read_as(*++element, value.second, why)) return false;
        }
        add(std::move(value));
    }
    return true;
}

template <class A, class B>
struct extract<std::vector<std::pair<A, B>>> {
    static bool read(reply_view from, std::vector<std::pair<A, B>>& to, error& why) {
        to.clear();
        return read_pairs<A, B>(from, [&](auto&& value) { to.push_back(std::move(value)); }, why);
    }
};

template <class K, class V, class... Rest>
struct extract<std::map<K, V, Rest...>> {
    static bool read(reply_view from, std::map<K, V, Rest...>& to, error& why) {
        to.clear();
        return read_pairs<K, V>(from, [&](auto&& value) { to.insert(std::move(value)); }, why);
    }
};

template <class K, class V, class... Rest>
struct extract<std::unordered_map<K, V, Rest...>> {
    static bool read(reply_view from, std::unordered_map<K, V, Rest...>& to, error& why) {
        to.clear();
        return read_pairs<K, V>(from, [&](auto&& value) { to.insert(std::move(value)); }, why);
    }
};

template <class A, class B>
struct extract<std::pair<A, B>> {
    static bool read(reply_view from, std::pair<A, B>& to, error& why) {
        if (from.kind() != reply_kind::array) return mismatch("an array", from, why);
        if (from.size() != 2) return wrong_size(2, from, why);
        auto const first = from.begin();
        return read_as(*first, to.first, why) && read_as(*std::next(first), to.second, why);
    }
};

template <class... T>
struct extract<std::tuple<T...>> {
    static bool read(reply_view from, std::tuple<T...>& to, error& why) {
        if (from.kind() != reply_kind::array) return mismatch("an array", from, why);
        if (from.size() != sizeof...(T)) return wrong_size(sizeof...(T), from, why);
        auto element = from.begin();
        return std::apply([&](T&... part) { return (read_as(*element++, part, why) && ...); }, to);
    }
};

} // namespace coda::redis::detail
