// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include "stores/store.hpp"
#include "workloads/workload.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>

namespace coda::bench {
namespace {

std::vector<std::string> client_names() {
    std::vector<std::string> names;
    for (auto const* s : stores())
        for (auto const* c : s->clients)
            if (std::ranges::find(names, c->name) == names.end()) names.emplace_back(c->name);
    return names;
}

std::vector<std::string> store_names() {
    std::vector<std::string> names;
    for (auto const* s : stores()) names.emplace_back(s->name);
    return names;
}

std::set<std::string> workload_names() {
    std::set<std::string> names;
    for (auto const& w : workloads) names.emplace(w.name);
    return names;
}

std::set<std::string> loop_names() {
    std::set<std::string> names;
    for (auto const* s : stores())
        for (auto const* c : s->clients)
            for (auto loop : c->loops)
                if (loop != no_loop[0]) names.emplace(loop);
    return names;
}

std::string listing() {
    std::string out = "workloads\n";
    for (auto const& w : workloads) out += fmt::format("  {:<8} {}\n", w.name, w.about);
    for (auto const* s : stores()) {
        out += fmt::format("\nstore {}: {}, {} connections\n", s->name, s->title, s->connections);
        for (auto const w : s->workloads) out += fmt::format("  --workload {}\n", info_of(w).name);
        for (auto const* c : s->clients) out += fmt::format("  --client {:<8} {}\n", c->name, c->about);
    }
    out += fmt::format("\nloops (for coda)\n  {}\n", fmt::join(loop_names(), "\n  "));
    return out;
}

std::string from_environment(server const& s) {
    for (auto const name : s.variables)
        if (char const* value = std::getenv(std::string(name).c_str()); value && *value) return value;
    return {};
}

// The URI given for a server, else that of the environment; empty if nobody said.
std::string uri_of(server const& s, std::vector<std::string> const& given) {
    for (auto const& uri : given)
        if (s.speaks(uri)) return uri;
    return from_environment(s);
}

// Finds the servers of all stores in the selection, and which stores lack one.
void find_servers(options& o, std::vector<std::string> const& given) {
    for (auto const* s : stores()) {
        if (std::ranges::find(o.what.cells, s->name, &cell::store) == o.what.cells.end()) continue;
        for (auto const* needed : s->servers) {
            auto uri = uri_of(*needed, given);
            if (uri.empty())
                o.lacking.emplace(s->name,
                                  fmt::format("{}: no {} server is known: scripts/bench starts one; or set {}, "
                                              "or give --uri",
                                              s->name, needed->title, needed->variables.front()));
            else
                o.uris[std::string(needed->name)] = std::move(uri);
        }
    }
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
    append(s, select({.stores = {"postgres"}, .concurrency = {1, 64, 1000, 10000}}));
    append(s, select({.stores = {"postgres"}, .concurrency = {1, 64}, .latencies_ms = {1}}));
    append(s, select({.stores = {"postgres"}, .concurrency = {64}, .latencies_ms = {5}}));
    append(s, select({.stores = {"postgres"}, .workloads = {"write"}, .concurrency = {64}}));
    append(s, select({.stores = {"postgres"}, .workloads = {"page"}, .concurrency = {1, 64}}));
    append(s, select({.stores = {"postgres"}, .clients = {"threads"}, .connections = {64}, .concurrency = {1, 64}}));
    append(s, select({.stores = {"redis"}, .concurrency = {1, 64, 1000}}));
    append(s, select({.stores = {"redis"}, .workloads = {"page"}, .concurrency = {64}}));
    append(s, select({.stores = {"redis"}, .concurrency = {64}, .latencies_ms = {1}}));
    append(s, select({.stores = {"mongo"}, .concurrency = {1, 64, 256}}));
    append(s, select({.stores = {"mongo"}, .workloads = {"write"}, .concurrency = {64}}));
    append(s, select({.stores = {"mongo"}, .concurrency = {64}, .latencies_ms = {1}}));
    append(s, select({.stores = {"all"}, .concurrency = {1, 64}, .latencies_ms = {0, 1}}));
    // All that is compared stands next to each other.
    std::multimap<std::tuple<std::ptrdiff_t, workload, double, std::uint32_t>, cell> sorted;
    for (auto const& c : s.cells)
        sorted.emplace(std::tuple(std::ranges::find(stores(), find_store(c.store)) - stores().begin(),
                                  find_workload(c.workload).id, c.latency_ms, c.concurrency),
                       c);
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
    std::vector<std::string> uris;
    bool list = false;
    bool demo = false;

    command();

    // The option that --demo decides by itself but that was given as well; empty if none was.
    [[nodiscard]] std::string contradiction() const;
};

// What CLI::Range lets pass: it is neither below nor above.
std::string refuse_nan(std::string const& text) {
    return std::isnan(std::strtod(text.c_str(), nullptr)) ? "a number is wanted, not " + text : std::string();
}
std::string refuse_empty(std::string const& text) { return text.empty() ? "must not be empty" : ""; }

// The text is not repeated: it may hold a password.
std::string refuse_unknown_uri(std::string const& text) {
    for (auto const* s : stores())
        for (auto const* known : s->servers)
            if (known->speaks(text)) return "";
    return "is a connection string of none of the servers here";
}

template <class Values>
CLI::Option* list_option(CLI::App& app, char const* name, Values& values, char const* about) {
    return app.add_option(name, values, about)->delimiter(',')->capture_default_str();
}

command::command() {
    result.json_path = "build/report/results.json";
    result.html_path = "build/report/report.html";
    wanted.clients = client_names();
    wanted.stores = {store_names().front()};
    list_option(app, "--store", wanted.stores, "databases")->check(CLI::IsMember(store_names()));
    list_option(app, "--workload", wanted.workloads, "what an operation is; the store's first unless given")
        ->check(CLI::IsMember(workload_names()));
    list_option(app, "--client", wanted.clients, "who does it")->check(CLI::IsMember(client_names()));
    list_option(app, "--loop", wanted.loops, "event loops of the coroutine client")->check(CLI::IsMember(loop_names()));
    list_option(app, "--concurrency", wanted.concurrency, "operations in flight")->check(CLI::Range(1, 100'000));
    list_option(app, "--connections", wanted.connections,
                "connections to each server; as usual for the store unless given")
        ->check(CLI::Range(1, 1'000));
    list_option(app, "--latency", wanted.latencies_ms, "network delay each way, in ms")
        ->check(CLI::Range(0.0, 1'000.0))
        ->check(refuse_nan);
    app.add_option("--seconds", result.seconds, "length of one measurement")
        ->check(CLI::Range(0.05, 3'600.0))
        ->check(refuse_nan)
        ->capture_default_str();
    app.add_option("--rounds", result.rounds, "measurements of each combination")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--uri", uris,
                   "a server, instead of what the environment tells; may be given for each kind of server")
        ->check(refuse_empty)
        ->check(refuse_unknown_uri);
    app.add_option("--json", result.json_path, "where the figures go")->check(refuse_empty)->capture_default_str();
    app.add_option("--html", result.html_path, "where the report goes")->check(refuse_empty)->capture_default_str();
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

namespace {

// Adds one cell if its client can do it.
void consider(selection& to, store const& s, cell wanted) {
    auto const* c = find_client(s.name, wanted.client);
    if (!c) return;
    if (c->loops.front() == no_loop[0])
        wanted.loop = no_loop[0];
    else if (std::ranges::find(c->loops, wanted.loop) == c->loops.end())
        return;
    wanted.connections = std::min(wanted.connections, c->most_connections);
    if (wanted.concurrency > c->most_in_flight)
        append(to,
               {{}, {fmt::format("{} with more than {} in flight: {}", c->name, c->most_in_flight, c->why_not_more)}});
    else
        append(to, {{wanted}, {}});
}

// The workloads asked for that the store has; what it lacks is noted.
std::vector<std::string> workloads_of(store const& s, std::vector<std::string> const& asked, selection& to) {
    if (asked.empty()) return {std::string(info_of(s.workloads.front()).name)};
    std::vector<std::string> out;
    for (auto const& name : asked) {
        if (std::ranges::find(s.workloads, find_workload(name).id) != s.workloads.end())
            out.push_back(name);
        else
            append(to, {{}, {fmt::format("{}: it has no workload {}", s.name, name)}});
    }
    return out;
}

} // namespace

selection select(matrix const& m) {
    selection out;
    auto const& names = m.clients.empty() ? client_names() : m.clients;
    auto const& chosen = m.stores.empty() ? std::vector{store_names().front()} : m.stores;
    for (auto const& store_name : chosen) {
        auto const* s = find_store(store_name);
        if (!s) continue;
        auto const& connections = m.connections.empty() ? std::vector{s->connections} : m.connections;
        for (auto const& work : workloads_of(*s, m.workloads, out))
            for (auto const latency : m.latencies_ms)
                for (auto const n : connections)
                    for (auto const concurrency : m.concurrency)
                        for (auto const& name : names)
                            for (auto const& loop : m.loops)
                                consider(out, *s, {store_name, work, name, loop, n, concurrency, latency});
    }
    return out;
}

void append(selection& to, selection const& more) {
    auto const add = [](auto& all, auto const& one) {
        if (std::ranges::find(all, one) == all.end()) all.push_back(one);
    };
    for (auto const& c : more.cells) add(to.cells, c);
    for (auto const& why : more.left_out) add(to.left_out, why);
}

void leave_out_lacking(options& o) {
    for (auto const& [name, why] : o.lacking) {
        std::erase_if(o.what.cells, [&](cell const& each) { return each.store == name; });
        o.what.left_out.push_back(why);
    }
    o.lacking.clear();
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
    o.command = command_line(argc, argv);
    find_servers(o, c.uris);
    o.skips_lacking = c.demo;
    if (o.what.cells.empty())
        return leave{2,
                     fmt::format("coda-bench: --store, --workload, --client, --concurrency: nothing to measure\n  {}\n",
                                 fmt::join(o.what.left_out, "\n  "))};
    return o;
}

} // namespace coda::bench
