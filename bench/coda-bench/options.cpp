// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include "clients/client.hpp"
#include "workloads/workload.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>

namespace coda::bench {
namespace {

std::vector<std::string> client_names() {
    std::vector<std::string> names;
    for (auto const* c : clients())
        if (std::ranges::find(names, c->name) == names.end()) names.emplace_back(c->name);
    return names;
}

std::set<std::string> store_names() {
    std::set<std::string> names;
    for (auto const* c : clients()) names.emplace(c->store);
    return names;
}

std::set<std::string> workload_names() {
    std::set<std::string> names;
    for (auto const& w : workloads) names.emplace(w.name);
    return names;
}

std::set<std::string> loop_names() {
    std::set<std::string> names;
    for (auto const* c : clients())
        for (auto loop : c->loops)
            if (loop != no_loop[0]) names.emplace(loop);
    return names;
}

std::string listing() {
    std::string out = "stores\n";
    for (auto const& name : store_names()) out += fmt::format("  {}\n", name);
    out += "\nworkloads\n";
    for (auto const& w : workloads) out += fmt::format("  {:<8} {}\n", w.name, w.about);
    out += "\nclients\n";
    for (auto const* c : clients()) out += fmt::format("  {:<8} {}\n", c->name, c->about);
    out += fmt::format("\nloops (for coda)\n  {}\n", fmt::join(loop_names(), "\n  "));
    return out;
}

std::string from_environment() {
    for (auto const* name : {"CODA_TEST_POSTGRES_URI", "CODA_TEST_POSTGRES_SOCKET_URI"})
        if (char const* value = std::getenv(name); value && *value) return value;
    return {};
}

// The command without --uri, which may hold a password.
std::string command_line(int argc, char const* const* argv) {
    std::string out = "scripts/bench";
    for (int i = 1; i < argc; ++i) {
        std::string_view const argument = argv[i];
        if (argument == "--uri")
            ++i;
        else if (!argument.starts_with("--uri="))
            out += fmt::format(" {}", argument);
    }
    return out;
}

// Five minutes, shared out over what shows the most: where a processor is the limit, where the network
// is, one at a time, very many, and a fairer number of connections for the threads.
selection demo() {
    selection s;
    append(s, select({.concurrency = {1, 16, 64, 256, 1000, 10000}}));
    append(s, select({.concurrency = {1, 64, 1000}, .latencies_ms = {1, 5}}));
    append(s, select({.workloads = {"page"}, .concurrency = {1, 64, 1000}, .latencies_ms = {0, 1}}));
    append(s, select({.workloads = {"write"}, .concurrency = {1, 64, 1000}}));
    append(s,
           select({.clients = {"threads"}, .connections = {64}, .concurrency = {1, 64, 1000}, .latencies_ms = {0, 1}}));
    append(s, select({.clients = {"coda"}, .loops = {"ev"}, .concurrency = {1, 64}}));
    // All that is compared stands next to each other.
    std::multimap<std::tuple<workload, double, std::uint32_t>, cell> sorted;
    for (auto const& c : s.cells)
        sorted.emplace(std::tuple(find_workload(c.workload).id, c.latency_ms, c.concurrency), c);
    s.cells.clear();
    for (auto const& [place, c] : sorted) s.cells.push_back(c);
    s.left_out.clear(); // chosen here, so there is nothing to explain
    return s;
}

constexpr double demo_seconds = 0.6;
constexpr double demo_budget = 270; // of 300: the rest is for the schema, the report, a slow start

struct command {
    CLI::App app{"Measures ways of talking to a database against each other: blocking, threads, "
                 "coroutines, and by hand.\nEach measurement runs in a process of its own; rounds are "
                 "interleaved; see docs/benchmarks.md.",
                 "coda-bench"};
    matrix wanted;
    options result;
    bool list = false;
    bool demo = false;

    command();

    // The option that --demo decides by itself but that was given as well; empty if none was.
    [[nodiscard]] std::string contradiction() const;
};

template <class Values>
CLI::Option* list_option(CLI::App& app, char const* name, Values& values, char const* about) {
    return app.add_option(name, values, about)->delimiter(',')->capture_default_str();
}

command::command() {
    result.json_path = "build/report/results.json";
    result.html_path = "build/report/report.html";
    wanted.clients = client_names();
    list_option(app, "--store", wanted.stores, "databases")->check(CLI::IsMember(store_names()));
    list_option(app, "--workload", wanted.workloads, "what an operation is")->check(CLI::IsMember(workload_names()));
    list_option(app, "--client", wanted.clients, "who does it")->check(CLI::IsMember(client_names()));
    list_option(app, "--loop", wanted.loops, "event loops of the coroutine client")->check(CLI::IsMember(loop_names()));
    list_option(app, "--concurrency", wanted.concurrency, "operations in flight")->check(CLI::Range(1, 100'000));
    list_option(app, "--connections", wanted.connections, "connections to the server")->check(CLI::Range(1, 1'000));
    list_option(app, "--latency", wanted.latencies_ms, "network delay each way, in ms")
        ->check(CLI::Range(0.0, 1'000.0));
    app.add_option("--seconds", result.seconds, "length of one measurement")
        ->check(CLI::Range(0.05, 3'600.0))
        ->capture_default_str();
    app.add_option("--rounds", result.rounds, "measurements of each combination")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--uri", result.uri, "the server, instead of $CODA_TEST_POSTGRES_URI");
    app.add_option("--json", result.json_path, "where the figures go")->capture_default_str();
    app.add_option("--html", result.html_path, "where the report goes")->capture_default_str();
    app.add_flag("--demo", demo, "a selection of everything, in at most five minutes");
    app.add_flag("--list", list, "show the stores, workloads, clients and loops, and end");
    app.set_help_flag("-h,--help", "show this, and end");
    app.footer("Options that take several values take them with commas: --concurrency 1,64,1000");
}

std::string command::contradiction() const {
    if (!demo) return {};
    for (auto const* name : {"--store", "--workload", "--client", "--loop", "--concurrency", "--connections",
                             "--latency", "--seconds", "--rounds"})
        if (app.count(name) > 0) return name;
    return {};
}

leave usage_error(std::string_view what) { return {2, fmt::format("coda-bench: {}\nTry: coda-bench --help\n", what)}; }

} // namespace

selection select(matrix const& m) {
    selection s;
    auto const& names = m.clients.empty() ? client_names() : m.clients;
    auto const consider = [&](cell wanted) {
        auto const* c = find_client(wanted.store, wanted.client);
        if (!c) return;
        auto const& loops = c->loops;
        if (loops.front() == no_loop[0])
            wanted.loop = no_loop[0];
        else if (std::ranges::find(loops, wanted.loop) == loops.end())
            return;
        wanted.connections = std::min(wanted.connections, c->most_connections);
        if (wanted.concurrency > c->most_in_flight)
            append(
                s,
                {{}, {fmt::format("{} with more than {} in flight: {}", c->name, c->most_in_flight, c->why_not_more)}});
        else
            append(s, {{wanted}, {}});
    };
    for (auto const& store : m.stores)
        for (auto const& work : m.workloads)
            for (auto const latency : m.latencies_ms)
                for (auto const connections : m.connections)
                    for (auto const concurrency : m.concurrency)
                        for (auto const& name : names)
                            for (auto const& loop : m.loops)
                                consider({store, work, name, loop, connections, concurrency, latency});
    return s;
}

void append(selection& to, selection const& more) {
    auto const add = [](auto& all, auto const& one) {
        if (std::ranges::find(all, one) == all.end()) all.push_back(one);
    };
    for (auto const& c : more.cells) add(to.cells, c);
    for (auto const& why : more.left_out) add(to.left_out, why);
}

std::variant<options, leave> parse_options(int argc, char const* const* argv) {
    command c;
    try {
        c.app.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        return leave{0, c.app.help() + "\n"};
    } catch (CLI::ParseError const& e) {
        return usage_error(e.what());
    }
    if (c.list) return leave{0, listing()};
    if (auto const name = c.contradiction(); !name.empty()) return usage_error(name + " cannot be chosen with --demo");
    auto& o = c.result;
    o.what = c.demo ? demo() : select(c.wanted);
    if (c.demo) o.seconds = demo_seconds;
    if (c.demo) o.budget_seconds = demo_budget;
    if (o.uri.empty()) o.uri = from_environment();
    o.command = command_line(argc, argv);
    if (o.what.cells.empty())
        return leave{2, fmt::format("coda-bench: --client, --concurrency: nothing to measure\n  {}\n",
                                    fmt::join(o.what.left_out, "\n  "))};
    return o;
}

} // namespace coda::bench
