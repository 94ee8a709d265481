// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace coda::cmap {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t unlimited_size = 100'000; // the pool's own limits stand for none
constexpr duration unlimited_time = std::chrono::hours(24);

constexpr std::array known_keys = {"version", "style",  "description", "poolOptions", "operations",
                                   "error",   "events", "ignore",      "runOn",       "failPoint"};
constexpr std::array known_options = {"maxPoolSize",      "minPoolSize",     "maxIdleTimeMS",
                                      "maxConnecting",    "appName",         "waitQueueTimeoutMS",
                                      "connectTimeoutMS", "socketTimeoutMS", "backgroundThreadIntervalMS"};

struct signature {
    std::string_view name;
    std::vector<std::string_view> strings = {}; // members that it must have
    std::vector<std::string_view> numbers = {};
};

signature const known_operations[] = {
    {"start", {"target"}},
    {"wait", {}, {"ms"}},
    {"waitForThread", {"target"}},
    {"waitForEvent", {"event"}},
    {"checkOut"},
    {"checkIn", {"connection"}},
    {"clear"},
    {"close"},
    {"ready"},
    {"failPoint"},
};

template <class Known>
void refuse_unknown(json::object const& members, Known const& known, std::string_view what) {
    for (auto const& [key, value] : members)
        if (std::ranges::find(known, std::string_view(key)) == std::ranges::end(known))
            throw malformed(fmt::format("{} '{}' is not known", what, std::string_view(key)));
}

// 0 is CMAP's "no limit".
duration time_of(json::object const& from, std::string_view key, duration otherwise) {
    auto const ms = number_of(from, key, -1);
    if (from.contains(key) && ms < 0) throw malformed(fmt::format("'{}' must not be negative", key));
    if (ms < 0) return otherwise;
    return ms == 0 ? unlimited_time : std::min<duration>(milliseconds(ms), unlimited_time);
}

std::size_t size_of(json::object const& from, std::string_view key, std::size_t otherwise) {
    auto const n = number_of(from, key, static_cast<std::int64_t>(otherwise));
    if (n < 0) throw malformed(fmt::format("'{}' must not be negative", key));
    return static_cast<std::size_t>(n);
}

pool_options read_options(json::object const& from) {
    refuse_unknown(from, known_options, "the pool option");
    pool_options o{.max_size = size_of(from, "maxPoolSize", 100),
                   .min_size = size_of(from, "minPoolSize", 0),
                   .max_connecting = size_of(from, "maxConnecting", 2),
                   .acquire_timeout = time_of(from, "waitQueueTimeoutMS", unlimited_time),
                   .connect_timeout = std::min(time_of(from, "connectTimeoutMS", std::chrono::seconds(30)),
                                               time_of(from, "socketTimeoutMS", unlimited_time)),
                   .max_idle_time = time_of(from, "maxIdleTimeMS", unlimited_time),
                   .max_lifetime = unlimited_time,
                   .close_timeout = unlimited_time,
                   .monitored = true,
                   .jitter_seed = 1};
    if (o.max_size == 0) o.max_size = unlimited_size;
    if (from.contains("backgroundThreadIntervalMS")) {
        auto const interval = number_of(from, "backgroundThreadIntervalMS");
        if (interval == 0) throw malformed("'backgroundThreadIntervalMS' must not be 0");
        o.upkeep_interval = interval < 0 ? milliseconds(0) : milliseconds(interval);
    }
    if (auto const bad = check(o); bad.has_error()) throw malformed(bad.error().message());
    return o;
}

json::object read_operation(json::value const& v) {
    if (!v.is_object()) throw malformed("it must be an object");
    auto const& operation = v.get_object();
    auto const name = string_of(operation, "name");
    auto const known = std::ranges::find(known_operations, name, &signature::name);
    if (known == std::ranges::end(known_operations)) throw malformed(fmt::format("'{}' is not known", name));
    for (auto key : known->strings) static_cast<void>(string_of(operation, key));
    for (auto key : known->numbers) static_cast<void>(number_of(operation, key));
    if (operation.contains("thread")) static_cast<void>(string_of(operation, "thread"));
    return operation;
}

} // namespace

test_case::test_case(json::value const& file) {
    if (!file.is_object()) throw malformed("a case is an object");
    auto const& top = file.get_object();
    refuse_unknown(top, known_keys, "the member");
    if (number_of(top, "version") != 1) throw malformed("'version' must be 1");
    auto const style = string_of(top, "style");
    if (style != "unit" && style != "integration") throw malformed("'style' must be unit or integration");
    description = string_of(top, "description");
    auto const given = object_of(top, "poolOptions");
    options = read_options(given);
    if (given.contains("appName")) app_name = string_of(given, "appName");
    fail_point = object_of(top, "failPoint");
    if (!top.contains("operations")) throw malformed("'operations' is missing");
    auto const all = array_of(top, "operations");
    for (std::size_t i = 0; i < all.size(); ++i) {
        try {
            operations.push_back(read_operation(all[i]));
        } catch (malformed const& why) {
            throw malformed(fmt::format("operation {}: {}", i + 1, why.what()));
        }
    }
    error = object_of(top, "error");
    if (!top.contains("error")) error = nullptr;
    events = array_of(top, "events");
    for (auto const& name : array_of(top, "ignore")) {
        if (!name.is_string()) throw malformed("'ignore' holds names of events");
        ignored.emplace_back(name.get_string().data(), name.get_string().size());
    }
}

test_case read_case(std::string const& path) {
    std::ifstream file(path);
    std::stringstream text;
    if (!file || !(text << file.rdbuf())) throw malformed("the file cannot be read");
    boost::system::error_code failed;
    auto const parsed = json::parse(text.str(), failed);
    if (failed) throw malformed(fmt::format("this is no JSON: {}", failed.message()));
    return test_case(parsed);
}

} // namespace coda::cmap
