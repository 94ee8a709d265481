// SPDX-License-Identifier: BSL-1.0
// bench-pg-workloads: the workloads by which asyncpg publishes itself, through coda's client and through those that
// --peer names, in turn. scripts/bench pg-workloads starts the server and brings the peers.
#include "measure/child_process.hpp"
#include "measure/machine.hpp"
#include "report.hpp"
#include "tables.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>

namespace {

using namespace pg_workloads;

// Who does it, how far we want to be ahead of them, and how many rows a query writes.
struct workload {
    std::string name;
    std::vector<std::string> peers;
    double goal = 1;
    int written = 0;
};

std::vector<workload> const workloads{
    {"pg_type", {"asyncpg", "pgx"}},         {"series", {"asyncpg", "pgx"}},
    {"bytea", {"asyncpg", "pgx"}},           {"arrays", {"asyncpg", "pgx"}},
    {"copy", {"asyncpg", "pgx"}, 1, 10'000}, {"batch", {"asyncpg", "pgx"}, 1, 1'000},
    {"one_plus_one", {"asyncpg", "pgx"}},    {"reads", {"tokio-postgres"}, 1.8},
};

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (auto const& w : workloads) all.push_back(w.name);
    return all;
}

struct options {
    std::vector<std::string> chosen = names();
    std::vector<std::string> peers;
    double seconds = 3;
    int rounds = 3;
    bool tcp = false;
    bool check = false;
    std::string json = "build/report/pg-workloads.json";
};

std::string server(options const& o) {
    char const* const uri = std::getenv(o.tcp ? "CODA_TEST_POSTGRES_URI" : "CODA_TEST_POSTGRES_SOCKET_URI");
    if (uri == nullptr) throw std::runtime_error("scripts/bench pg-workloads starts the server");
    return uri;
}

std::vector<runner> runners(options const& o) {
    auto const ours = coda::bench::sibling_program("pg-workloads-coda");
    std::vector<runner> all{{our_name, ours, {"asio"}}, {ours_on_libev, ours, {"ev"}}};
    for (auto const& peer : o.peers) {
        auto const equals = peer.find('=');
        if (equals == std::string::npos) throw std::runtime_error("--peer wants NAME=PROGRAM, not " + peer);
        all.push_back({peer.substr(0, equals), peer.substr(equals + 1)});
    }
    return all;
}

// What writes is looked at on the server.
outcome run_checked(runner const& r, workload const& w, options const& o, tables& t) {
    if (w.written > 0) t.forget_entries();
    auto found = run(r, server(o), w.name, o.seconds);
    if (w.written == 0 || !std::holds_alternative<sample>(found)) return found;
    auto const fault = t.fault_of_entries(w.written);
    return fault.empty() ? found : failure{fault};
}

// Ours, and those of its peers that are here.
std::vector<runner> who_does(workload const& w, std::vector<runner> const& clients) {
    std::vector<runner> all;
    for (auto const& r : clients)
        if (r.name == our_name || r.name == ours_on_libev || std::ranges::find(w.peers, r.name) != w.peers.end())
            all.push_back(r);
    return all;
}

// One round: all clients at one workload, another one first each time.
void measure_once(workload const& w, options const& o, std::vector<runner> const& clients, std::size_t round, tables& t,
                  std::span<series> to) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
        auto const at = (i + round) % clients.size();
        to[at].add(run_checked(clients[at], w, o, t));
    }
}

// Round by round and in turn, so that a slow minute strikes all alike.
std::vector<series> measure(options const& o, std::vector<workload> const& chosen, tables& t) {
    auto const clients = runners(o);
    std::vector<series> all;
    for (auto const& w : chosen)
        for (auto const& r : who_does(w, clients))
            all.push_back({.workload = w.name, .client = r.name, .rounds = {}, .left_out = {}, .failures = {}});
    for (std::size_t round = 0; round < static_cast<std::size_t>(o.rounds); ++round) {
        fmt::print(stderr, "round {} of {}\n", round + 1, o.rounds);
        std::span<series> left(all);
        for (auto const& w : chosen) {
            auto const here = who_does(w, clients);
            measure_once(w, o, here, round, t, left.first(here.size()));
            left = left.subspan(here.size());
        }
    }
    return all;
}

void write_file(std::string const& path, std::string const& content) {
    auto const folder = std::filesystem::path(path).parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder);
    std::ofstream file(path, std::ios::binary);
    file << content;
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

int bench(options const& o) {
    tables t(server(o));
    auto m = coda::bench::machine::here();
    m.server = t.about();
    m.transport = o.tcp ? "TCP on the loopback" : "unix socket";
    m.command = "scripts/bench pg-workloads";
    std::vector<workload> chosen;
    std::ranges::copy_if(workloads, std::back_inserter(chosen),
                         [&](auto const& w) { return std::ranges::find(o.chosen, w.name) != o.chosen.end(); });
    auto const all = measure(o, chosen, t);
    std::vector<comparison> compared;
    for (auto const& w : chosen)
        for (auto const& peer : w.peers) compared.push_back(compare(all, w.name, peer, w.goal));
    auto const goals = judge(compared);
    auto const wrong = faults(all);
    fmt::print("{}, {}, {} rounds of {} s\n\n{}\n{}", m.server, m.transport, o.rounds, o.seconds,
               table_text(all, compared), goals.text);
    for (auto const& each : wrong) fmt::print("FAULT: {}\n", each);
    write_file(o.json, results_json(m, all, compared));
    fmt::print("{}\n", o.json);
    return !wrong.empty() || (o.check && !goals.met) ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
    options o;
    CLI::App app("asyncpg's seven workloads, and reads in a pipeline, through coda and through other clients beside it",
                 "bench-pg-workloads");
    app.add_option("--workload", o.chosen, "which")
        ->delimiter(',')
        ->check(CLI::IsMember(names()))
        ->capture_default_str();
    app.add_option("--peer", o.peers, "NAME=PROGRAM, once for each; scripts/bench gives those that it has");
    app.add_option("--seconds", o.seconds, "length of one measurement")
        ->check(CLI::Range(0.05, 3'600.0))
        ->capture_default_str();
    app.add_option("--rounds", o.rounds, "measurements of each")->check(CLI::Range(1, 100))->capture_default_str();
    app.add_option("--json", o.json, "where the figures go")->capture_default_str();
    app.add_flag("--tcp", o.tcp, "by TCP, not by unix socket");
    app.add_flag("--check", o.check, "exit code 1 where we are not ahead of a peer, or it was not measured");
    try {
        app.parse(argc, argv);
        return bench(o);
    } catch (CLI::ParseError const& e) {
        return app.exit(e);
    } catch (std::exception const& e) {
        fmt::print(stderr, "bench-pg-workloads: {}\n", e.what());
        return 1;
    }
}
