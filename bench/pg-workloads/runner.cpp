// SPDX-License-Identifier: BSL-1.0
#include "runner.hpp"

#include "measure/child_process.hpp"
#include "measure/machine.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace pg_workloads {

namespace {

namespace json = boost::json;
using coda::bench::processor_times;

constexpr std::chrono::seconds patience{60}; // beyond what was asked for

double number(json::object const& from, char const* key) { return from.at(key).to_number<double>(); }

outcome read(std::string const& line) {
    auto const said = json::parse(line).as_object();
    if (auto const* why = said.if_contains("left_out")) return left_out{std::string(why->as_string())};
    auto const queries = number(said, "queries");
    if (queries == 0) return failure{"no query ended in time"};
    return sample{.client = std::string(said.at("client").as_string()),
                  .queries_per_second = queries / number(said, "seconds"),
                  .rows_per_second = number(said, "rows") / number(said, "seconds"),
                  .cpu_us_per_query = number(said, "cpu_us") / queries,
                  .rows_per_query = number(said, "rows") / queries,
                  .checksum = std::string(said.at("checksum").as_string())};
}

} // namespace

outcome run(runner const& r, std::string const& uri, std::string const& workload, double seconds) {
    auto const before = processor_times::now();
    std::vector<std::string> arguments{r.program, uri, workload, fmt::to_string(seconds)};
    arguments.insert(arguments.end(), r.more.begin(), r.more.end());
    coda::bench::child_process child(std::move(arguments), "");
    auto const line = child.read_line(
        std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(seconds * 1.25) + patience));
    if (!line && !child.ended()) return failure{"no answer in time"};
    auto const ended = child.wait();
    if (!line || !ended.empty()) return failure{ended.empty() ? "no answer" : ended};
    try {
        auto found = read(*line);
        if (auto* s = std::get_if<sample>(&found)) s->steal = steal_between(before, processor_times::now());
        return found;
    } catch (std::exception const& e) {
        return failure{fmt::format("not an answer: {}", e.what())};
    }
}

} // namespace pg_workloads
