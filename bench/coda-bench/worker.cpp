// SPDX-License-Identifier: BSL-1.0
#include "worker.hpp"

#include "measure/machine.hpp"
#include "measure/meter.hpp"
#include "stores/store.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>

namespace coda::bench {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// Connecting, warming up and draining take longer than planned on a busy machine, but not this long.
constexpr auto patience = 60s;

measurement carry_out(plan const& p) {
    auto const* c = find_client(p.what.store, p.what.client);
    if (!c) throw std::runtime_error("no such client: " + p.what.client);
    meter m(p, c->lane_per_connection ? p.what.connections : 1);
    c->run(p, m);
    return m.result();
}

} // namespace

int work_as_child() {
    try {
        std::string const text(std::istreambuf_iterator<char>(std::cin), {});
        auto const p = json::value_to<plan>(json::parse(text));
        auto const found = carry_out(p);
        fmt::print("{}\n", json::serialize(json::value_from(found)));
        return 0;
    } catch (std::exception const& e) {
        fmt::print("{}\n", json::serialize(json::value{{"failure", e.what()}}));
        return 1;
    }
}

std::variant<sample, failure> measure(plan const& p, std::function<void()> const& every_tenth) {
    auto const before = processor_times::now();
    auto const until =
        std::chrono::steady_clock::now() + patience +
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::duration<double>(p.warm_up + p.seconds));
    child_process child({this_program(), "--worker"}, json::serialize(json::value_from(p)));
    double runnable = 0;
    int looks = 0;
    for (;;) {
        auto const line = child.read_line(100ms);
        if (line) {
            auto const answer = json::parse(*line);
            if (auto const* why = answer.as_object().if_contains("failure"))
                return failure{json::value_to<std::string>(*why)};
            auto const steal = steal_between(before, processor_times::now());
            return sample{json::value_to<measurement>(answer), steal, looks ? runnable / looks : 0};
        }
        if (child.ended()) return failure{"the measuring process " + child.wait()};
        if (std::chrono::steady_clock::now() > until)
            return failure{fmt::format("not finished {} s after it should have been", patience.count())};
        runnable += processor_times::now().runnable - 1; // not this process, which is only looking
        ++looks;
        every_tenth();
    }
}

} // namespace coda::bench
