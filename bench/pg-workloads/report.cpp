// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include "measure/machine.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace pg_workloads {

namespace {

namespace json = boost::json;

// Marked where the rounds do not prove it.
std::string quote(ratio const& r) {
    if (r.of.rounds == 0) return "-";
    return fmt::format("{:.2f}x{}", r.of.median, r.is == coda::bench::meaning::sound ? " " : "?");
}

std::string line(series const& s, comparison const* c) {
    auto const out = fmt::format("  {:<15}", s.client);
    if (!s.failures.empty()) return out + "FAILED: " + s.failures.front() + "\n";
    if (!s.left_out.empty()) return out + s.left_out + "\n";
    auto const rate = s.of(&sample::queries_per_second);
    return out + fmt::format("{:>10.0f} {:>4.0f}% {:>11.0f} {:>10.1f} {:>10} {:>10}\n", rate.median,
                             rate.spread() * 100, s.of(&sample::rows_per_second).median,
                             s.of(&sample::cpu_us_per_query).median, c != nullptr ? quote(c->rate) : "",
                             c != nullptr ? quote(c->cpu) : "");
}

json::array range_of(coda::bench::estimate const& e) { return {e.low, e.high}; }

json::object row_json(series const& s) {
    auto const rate = s.of(&sample::queries_per_second);
    auto const cpu = s.of(&sample::cpu_us_per_query);
    json::array rounds;
    for (auto const& each : s.rounds) {
        if (!each) {
            rounds.emplace_back(nullptr);
            continue;
        }
        rounds.push_back(json::object{{"version", each->client},
                                      {"queries_per_second", each->queries_per_second},
                                      {"rows_per_second", each->rows_per_second},
                                      {"cpu_us_per_query", each->cpu_us_per_query},
                                      {"rows_per_query", each->rows_per_query},
                                      {"checksum", each->checksum},
                                      {"steal", each->steal}});
    }
    return {{"workload", s.workload},
            {"client", s.client},
            {"queries_per_second", rate.median},
            {"queries_per_second_range", range_of(rate)},
            {"rows_per_second", s.of(&sample::rows_per_second).median},
            {"cpu_us_per_query", cpu.median},
            {"cpu_us_per_query_range", range_of(cpu)},
            {"left_out", s.left_out},
            {"failures", json::value_from(s.failures)},
            {"rounds", std::move(rounds)}};
}

json::object ratio_json(ratio const& r) {
    return {{"low", r.of.low},
            {"median", r.of.median},
            {"high", r.of.high},
            {"rounds", r.of.rounds},
            {"why_not", reason(r.is)}};
}

std::string serialized(char const* name, json::array const& all) {
    std::string out = fmt::format("\"{}\": [", name);
    for (auto const* between = ""; auto const& each : all) {
        out += fmt::format("{}\n  {}", between, json::serialize(each));
        between = ",";
    }
    return out + "\n]";
}

} // namespace

std::string table_text(std::span<series const> all, std::span<comparison const> compared) {
    auto out = fmt::format("{:<17}{:>10} {:>5} {:>11} {:>10} {:>10} {:>10}\n", "", "queries/s", "+-", "rows/s",
                           "CPU us", "ours:rate", "ours:CPU");
    for (std::string before; auto const& s : all) {
        if (s.workload != before) out += s.workload + "\n";
        before = s.workload;
        auto const c = std::ranges::find_if(
            compared, [&](comparison const& each) { return each.workload == s.workload && each.peer == s.client; });
        out += line(s, c != compared.end() && c->measured() ? &*c : nullptr);
    }
    return out + "?: the rounds do not prove it\n";
}

verdict judge(std::span<comparison const> compared) {
    verdict v{"Goals: more queries/s and less client CPU per query\n", true};
    for (auto const& c : compared) {
        v.met = v.met && c.ahead();
        auto const* const word = !c.measured() ? "not measured" : c.ahead() ? "met" : "MISSED";
        v.text += fmt::format("  {:<13}{:<13} than {:<15} {:>9} {:>9}{}\n", word, c.workload, c.peer, quote(c.rate),
                              quote(c.cpu), c.goal == 1 ? "" : fmt::format("  (at least {:g}x)", c.goal));
    }
    return v;
}

std::string results_json(coda::bench::machine const& m, std::span<series const> all,
                         std::span<comparison const> compared) {
    json::array rows, comparisons;
    for (auto const& s : all) rows.push_back(row_json(s));
    for (auto const& c : compared)
        comparisons.push_back(json::object{
            {"workload", c.workload}, {"peer", c.peer}, {"rate", ratio_json(c.rate)}, {"cpu", ratio_json(c.cpu)}});
    return fmt::format("{{\n\"schema\": 1,\n\"machine\": {},\n{},\n{}\n}}\n", json::serialize(json::value_from(m)),
                       serialized("rows", rows), serialized("comparisons", comparisons));
}

} // namespace pg_workloads
