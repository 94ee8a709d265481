// SPDX-License-Identifier: BSL-1.0
#include "comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pg_workloads {

namespace {

ratio ratio_of(series const& ours, series const& theirs, double sample::* figure) {
    std::vector<double> a, b;
    double steal = 0;
    for (std::size_t i = 0; i < std::min(ours.rounds.size(), theirs.rounds.size()); ++i) {
        auto const &o = ours.rounds[i], &t = theirs.rounds[i];
        if (!o || !t) continue;
        a.push_back(*o.*figure);
        b.push_back(*t.*figure);
        steal = std::max({steal, o->steal, t->steal});
    }
    auto const of = coda::bench::ratio_of(a, b);
    return {of, coda::bench::judge(of, figure == &sample::cpu_us_per_query ? 0 : steal)};
}

sample const* first_of(series const& s) {
    auto const found = std::ranges::find_if(s.rounds, [](auto const& each) { return each.has_value(); });
    return found != s.rounds.end() ? &**found : nullptr;
}

// The first answer to the same question, whoever gave it.
sample const* first_of(std::span<series const> all, std::string const& workload) {
    for (auto const& s : all)
        if (auto const* found = s.workload == workload ? first_of(s) : nullptr) return found;
    return nullptr;
}

} // namespace

void series::add(outcome const& o) {
    auto const* found = std::get_if<sample>(&o);
    rounds.push_back(found != nullptr ? std::optional(*found) : std::nullopt);
    if (auto const* why = std::get_if<pg_workloads::left_out>(&o)) left_out = why->why;
    if (auto const* why = std::get_if<failure>(&o)) failures.push_back(why->why);
}

coda::bench::estimate series::of(double sample::* figure) const {
    std::vector<double> values;
    for (auto const& each : rounds)
        if (each) values.push_back(*each.*figure);
    return coda::bench::estimate_of(values);
}

series const* find(std::span<series const> all, std::string const& workload, std::string const& client) {
    auto const found =
        std::ranges::find_if(all, [&](series const& s) { return s.workload == workload && s.client == client; });
    return found != all.end() ? &*found : nullptr;
}

comparison compare(std::span<series const> all, std::string const& workload, std::string const& peer, double goal) {
    comparison c{.workload = workload, .peer = peer, .rate = {}, .cpu = {}, .goal = goal};
    auto const* ours = find(all, workload, our_name);
    auto const* theirs = find(all, workload, peer);
    if (ours == nullptr || theirs == nullptr) return c;
    c.rate = ratio_of(*ours, *theirs, &sample::queries_per_second);
    c.cpu = ratio_of(*ours, *theirs, &sample::cpu_us_per_query);
    return c;
}

std::vector<std::string> faults(std::span<series const> all) {
    std::vector<std::string> found;
    for (auto const& s : all) {
        for (auto const& why : s.failures) found.push_back(fmt::format("{}, {}: {}", s.workload, s.client, why));
        auto const* const expected = first_of(all, s.workload);
        for (auto const& each : s.rounds)
            if (each && (each->checksum != expected->checksum || each->rows_per_query != expected->rows_per_query))
                found.push_back(fmt::format("{}, {}: other values than {}: {:g} rows and {}, not {:g} and {}",
                                            s.workload, s.client, expected->client, each->rows_per_query,
                                            each->checksum, expected->rows_per_query, expected->checksum));
    }
    return found;
}

} // namespace pg_workloads
