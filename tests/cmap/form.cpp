// SPDX-License-Identifier: BSL-1.0
#include "form.hpp"

#include "fail_point.hpp"
#include "recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

namespace coda::cmap {

namespace {

using std::chrono::milliseconds;

// 0 is CMAP's "no limit".
duration time_of(json::object const& from, std::string_view key, duration otherwise) {
    if (!has(from, key)) return otherwise;
    auto const ms = number_of(from, key, times_in_ms);
    return ms == 0 ? unlimited_time : milliseconds(ms);
}

std::size_t size_of(json::object const& from, std::string_view key, range allowed, std::size_t otherwise) {
    return static_cast<std::size_t>(number_of(from, key, allowed, static_cast<std::int64_t>(otherwise)));
}

std::size_t max_size_of(json::object const& from) {
    auto const size = size_of(from, "maxPoolSize", {0, unlimited_size}, 100);
    return size == 0 ? unlimited_size : size;
}

duration upkeep_interval_of(json::object const& from) {
    constexpr std::string_view key = "backgroundThreadIntervalMS";
    if (!has(from, key)) return pool_options{}.upkeep_interval;
    auto const ms = number_of(from, key, {std::numeric_limits<std::int64_t>::min(), times_in_ms.most});
    if (ms == 0) throw malformed(fmt::format("'{}' must not be 0", key));
    return milliseconds(std::max<std::int64_t>(ms, 0)); // negative: never
}

// What an operation may or must have beside its name.
struct argument {
    std::string_view name;
    void (*check)(json::object const&, std::string_view);
    bool required = true;
};

void is_string(json::object const& o, std::string_view key) { static_cast<void>(string_of(o, key)); }
void is_time(json::object const& o, std::string_view key) { static_cast<void>(number_of(o, key, times_in_ms)); }
void is_flag(json::object const& o, std::string_view key) { static_cast<void>(flag_of(o, key)); }
void is_count(json::object const& o, std::string_view key) { static_cast<void>(number_of(o, key, event_counts)); }
void is_event_name(json::object const& o, std::string_view key) { read_event_name(json::string(string_of(o, key))); }
void is_fail_point(json::object const& o, std::string_view key) {
    within(key, [&] { return fail_point(object_of(o, key)); });
}

struct signature {
    std::string_view name;
    std::vector<argument> arguments = {};
};

signature const operations[] = {
    {"start", {{"target", is_string}}},
    {"wait", {{"ms", is_time}}},
    {"waitForThread", {{"target", is_string}}},
    {"waitForEvent", {{"event", is_event_name}, {"count", is_count, false}, {"timeout", is_time, false}}},
    {"checkOut", {{"label", is_string, false}}},
    {"checkIn", {{"connection", is_string}}},
    {"clear", {{"interruptInUseConnections", is_flag, false}}},
    {"close"},
    {"ready"},
    {"failPoint", {{"failPoint", is_fail_point}}},
};

// What older cases call closeInUseConnections.
void rename_interrupt(json::object& in) {
    auto const old = in.find("closeInUseConnections");
    if (old == in.end()) return;
    json::value const meant = old->value(); // a copy: inserting moves what is there
    in.erase(old);
    in["interruptInUseConnections"] = meant;
}

void refuse_other_words(json::object const& in, std::string_view key, std::span<std::string_view const> words) {
    auto const* v = in.if_contains(key);
    if (v == nullptr || stands_for_anything(*v)) return;
    auto const word = string_of(in, key);
    if (std::ranges::find(words, word) == words.end())
        throw malformed(fmt::format("'{}': there is no '{}'", key, word));
}

void refuse_other_numbers(json::object const& in, std::string_view key) {
    auto const* v = in.if_contains(key);
    if (v != nullptr && !stands_for_anything(*v))
        static_cast<void>(number_of(in, key, {0, std::numeric_limits<std::int64_t>::max()}));
}

} // namespace

pool_options read_options(json::object const& from) {
    refuse_unknown(from, {"maxPoolSize", "minPoolSize", "maxIdleTimeMS", "maxConnecting", "appName",
                          "waitQueueTimeoutMS", "connectTimeoutMS", "socketTimeoutMS", "backgroundThreadIntervalMS"});
    auto const max_size = max_size_of(from);
    pool_options const o{.max_size = max_size,
                         .min_size = size_of(from, "minPoolSize", {0, static_cast<std::int64_t>(max_size)}, 0),
                         .max_connecting = size_of(from, "maxConnecting", {1, 1'000}, 2),
                         .acquire_timeout = time_of(from, "waitQueueTimeoutMS", unlimited_time),
                         .connect_timeout = std::min(time_of(from, "connectTimeoutMS", std::chrono::seconds(30)),
                                                     time_of(from, "socketTimeoutMS", unlimited_time)),
                         .max_idle_time = time_of(from, "maxIdleTimeMS", unlimited_time),
                         .max_lifetime = unlimited_time,
                         .close_timeout = unlimited_time,
                         .upkeep_interval = upkeep_interval_of(from),
                         .monitored = true,
                         .jitter_seed = 1};
    if (auto const bad = check(o); bad.has_error()) throw malformed(bad.error().message());
    return o;
}

json::object read_operation(json::value const& from) {
    auto operation = as_object(from, "it");
    auto const name = string_of(operation, "name");
    auto const known = std::ranges::find(operations, name, &signature::name);
    if (known == std::ranges::end(operations)) throw malformed(fmt::format("'{}' is not known", name));
    if (name == "clear") rename_interrupt(operation);
    auto others = operation;
    others.erase("name");
    if (has(others, "thread")) is_string(others, "thread");
    others.erase("thread");
    for (auto const& a : known->arguments) {
        if (a.required || has(operation, a.name)) a.check(operation, a.name);
        others.erase(a.name);
    }
    refuse_unknown(others, {});
    return operation;
}

json::value read_error(json::value const& from) {
    if (from.is_null() || stands_for_anything(from)) return from;
    constexpr std::array<std::string_view, 6> types = {"PoolClosedError", "WaitQueueTimeoutError", "PoolClearedError",
                                                       "Network",         "AuthenticationError",   "ServerError"};
    if (!from.is_object()) throw malformed("it must be an object, 42 or null");
    auto const& error = from.get_object();
    refuse_unknown(error, {"type", "message", "address", "code"});
    refuse_other_words(error, "type", types);
    return from;
}

json::value read_event(json::value const& from) {
    if (stands_for_anything(from)) return from;
    auto event = as_object(from, "it");
    rename_interrupt(event);
    refuse_unknown(event,
                   {"type", "address", "connectionId", "duration", "options", "reason", "interruptInUseConnections"});
    refuse_other_words(event, "type", event_names());
    refuse_other_words(event, "reason", event_reasons());
    refuse_other_numbers(event, "connectionId");
    refuse_other_numbers(event, "duration");
    // Older cases have one; the specification's event has none.
    if (has(event, "type") && event.at("type") == "ConnectionCheckOutFailed") event.erase("connectionId");
    return event;
}

std::string read_event_name(json::value const& from) {
    auto name = as_string(from, "the name of an event");
    if (std::ranges::find(event_names(), name) == event_names().end())
        throw malformed(fmt::format("there is no event '{}'", name));
    return name;
}

void check_requirements(json::array const& run_on) {
    for (auto const& each : run_on)
        refuse_unknown(as_object(each, "each"), {"minServerVersion", "maxServerVersion", "topology", "auth"});
}

} // namespace coda::cmap
