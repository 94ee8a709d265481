// SPDX-License-Identifier: BSL-1.0
#include "report/results_json.hpp"

#include "stores/store.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <cmath>

namespace coda::bench {
namespace {

namespace json = boost::json;

// Five significant digits: more would be noise.
double rounded(double value) {
    if (value == 0 || !std::isfinite(value)) return 0;
    auto const scale = std::pow(10.0, 4 - std::floor(std::log10(std::abs(value))));
    return std::round(value * scale) / scale;
}

json::array range_of(estimate const& e) { return {rounded(e.low), rounded(e.high)}; }

json::array rounds_of(row const& r) {
    json::array out;
    for (auto const& s : r.rounds) {
        if (!s) {
            out.emplace_back(nullptr);
            continue;
        }
        auto one = json::value_from(s->found).as_object();
        for (auto& [key, value] : one)
            if (value.is_double()) value = rounded(value.as_double());
        one["steal"] = rounded(s->steal);
        one["run_queue"] = rounded(s->run_queue);
        out.push_back(std::move(one));
    }
    return out;
}

json::object row_json(row const& r) {
    auto out = json::value_from(r.what).as_object();
    out["operations"] = r.operations;
    out["seconds"] = rounded(r.seconds);
    out["ops_per_second"] = rounded(r.ops_per_second.median);
    out["p50_us"] = rounded(r.p50_us);
    out["p99_us"] = rounded(r.p99_us);
    out["p999_us"] = rounded(r.p999_us);
    out["cpu_us_per_op"] = rounded(r.cpu_us_per_op.median);
    out["rss_kib"] = r.rss_kib;
    out["errors"] = r.errors;
    out["ops_per_second_range"] = range_of(r.ops_per_second);
    out["cpu_us_per_op_range"] = range_of(r.cpu_us_per_op);
    out["switches_per_op"] = rounded(r.switches_per_op);
    out["bytes_per_waiter"] = r.bytes_per_waiter ? json::value(std::round(*r.bytes_per_waiter)) : json::value(nullptr);
    out["steal"] = rounded(r.steal);
    out["run_queue"] = rounded(r.run_queue);
    out["first_error"] = r.first_error;
    out["failures"] = json::value_from(r.failures);
    out["rounds"] = rounds_of(r);
    return out;
}

json::object ratio_json(ratio const& r) {
    return {{"low", rounded(r.of.low)},   {"median", rounded(r.of.median)},
            {"high", rounded(r.of.high)}, {"rounds", r.of.rounds},
            {"quoted", quote(r)},         {"why_not", reason(r.is)}};
}

json::object comparison_json(comparison const& c) {
    return {{"ours", json::value_from(c.ours->what)},
            {"theirs", json::value_from(c.theirs->what)},
            {"throughput", ratio_json(c.throughput)},
            {"p50", ratio_json(c.p50)},
            {"cpu", ratio_json(c.cpu)}};
}

json::object chapter_json(chapter const& c) {
    json::array clients;
    if (auto const* s = find_store(c.store))
        for (auto const* each : s->clients)
            clients.push_back({{"name", std::string(each->name)}, {"about", std::string(each->about)}});
    return {{"store", c.store},
            {"title", title_of(c.store)},
            {"headline", c.headline},
            {"findings", json::value_from(c.sentences)},
            {"clients", std::move(clients)}};
}

} // namespace

json::object results_json(machine const& m, std::span<row const> rows, findings const& f) {
    json::array all;
    for (auto const& r : rows) all.push_back(row_json(r));
    json::array comparisons;
    for (auto const& c : f.comparisons()) comparisons.push_back(comparison_json(c));
    json::array chapters;
    for (auto const& c : f.chapters) chapters.push_back(chapter_json(c));
    return {{"schema", 1},
            {"machine", json::value_from(m)},
            {"rows", std::move(all)},
            {"headline", f.headline()},
            {"findings", json::value_from(f.sentences())},
            {"chapters", std::move(chapters)},
            {"comparisons", std::move(comparisons)}};
}

std::string pretty(json::object const& results) {
    std::string out = "{";
    for (auto const* comma = ""; auto const& [key, value] : results) {
        out += std::string(comma) + "\n" + json::serialize(key) + ": ";
        comma = ",";
        if (!value.is_array()) {
            out += json::serialize(value);
            continue;
        }
        out += "[";
        for (auto const* between = ""; auto const& element : value.as_array()) {
            out += std::string(between) + "\n  " + json::serialize(element);
            between = ",";
        }
        out += "\n]";
    }
    return out + "\n}\n";
}

} // namespace coda::bench
