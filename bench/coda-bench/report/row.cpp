// SPDX-License-Identifier: BSL-1.0
#include "report/row.hpp"

#include <algorithm>

namespace coda::bench {
namespace {

template <class Get>
estimate over_rounds(series const& s, Get get) {
    std::vector<double> values;
    for (auto const& r : s.rounds)
        if (r) values.push_back(get(*r));
    return estimate_of(values);
}

estimate over_rounds(series const& s, figure f) {
    return over_rounds(s, [f](sample const& r) { return r.found.*f; });
}

row summarise(series const& s) {
    row out{.what = s.what, .rounds = s.rounds, .failures = s.failures};
    for (auto const& r : s.rounds) {
        if (!r) continue;
        out.operations += r->found.operations;
        out.seconds += r->found.seconds;
        out.errors += r->found.errors;
        if (out.first_error.empty()) out.first_error = r->found.first_error;
        out.steal = std::max(out.steal, r->steal);
    }
    out.ops_per_second = over_rounds(s, &measurement::ops_per_second);
    out.cpu_us_per_op = over_rounds(s, &measurement::cpu_us_per_op);
    out.p50_us = over_rounds(s, &measurement::p50_us).median;
    out.p99_us = over_rounds(s, &measurement::p99_us).median;
    out.p999_us = over_rounds(s, &measurement::p999_us).median;
    out.switches_per_op = over_rounds(s, &measurement::switches_per_op).median;
    out.run_queue = over_rounds(s, [](sample const& r) { return r.run_queue; }).median;
    out.rss_kib = static_cast<std::uint64_t>(
        over_rounds(s, [](sample const& r) { return static_cast<double>(r.found.rss_kib); }).median);
    return out;
}

std::optional<double> bytes_per_waiter(row const& r, std::span<row const> all) {
    auto one = r.what;
    one.concurrency = 1;
    auto const base = std::ranges::find(all, one, &row::what);
    if (r.what.concurrency == 1 || base == all.end() || !base->rss_kib || !r.rss_kib) return {};
    auto const more = static_cast<double>(r.rss_kib) - static_cast<double>(base->rss_kib);
    return std::max(0.0, more * 1024 / r.what.concurrency);
}

} // namespace

std::vector<row> summarise(std::span<series const> all) {
    std::vector<row> rows;
    for (auto const& s : all) rows.push_back(summarise(s));
    for (auto& r : rows) r.bytes_per_waiter = bytes_per_waiter(r, rows);
    return rows;
}

ratio compare(row const& a, row const& b, figure f) {
    std::vector<double> of_a;
    std::vector<double> of_b;
    double steal = 0;
    for (std::size_t i = 0; i < std::min(a.rounds.size(), b.rounds.size()); ++i) {
        if (!a.rounds[i] || !b.rounds[i]) continue;
        of_a.push_back(a.rounds[i]->found.*f);
        of_b.push_back(b.rounds[i]->found.*f);
        steal = std::max({steal, a.rounds[i]->steal, b.rounds[i]->steal});
    }
    auto const of = ratio_of(of_a, of_b);
    return {of, judge(of, f == &measurement::cpu_us_per_op ? 0 : steal)};
}

} // namespace coda::bench
