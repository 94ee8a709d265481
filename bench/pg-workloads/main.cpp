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
#include <stdexcept>

namespace {

using namespace pg_workloads;

std::vector<std::string> const every_workload{"pg_type", "series", "bytea", "arrays", "copy", "batch", "one_plus_one"};
std::vector<std::string> const to_beat{"asyncpg", "pgx"};

struct options {
    std::vector<std::string> workloads = every_workload;
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
outcome run_checked(runner const& r, std::string const& workload, options const& o, tables& t) {
    auto const written = workload == "copy" ? 10'000 : workload == "batch" ? 1'000 : 0;
    if (written > 0) t.forget_entries();
    auto found = run(r, server(o), workload, o.seconds);
    if (written == 0 || !std::holds_alternative<sample>(found)) return found;
    auto const fault = t.fault_of_entries(written);
    return fault.empty() ? found : failure{fault};
}

// Round by round and in turn, so that a slow minute strikes all alike; another begins in each round.
std::vector<series> measure(options const& o, std::vector<runner> const& clients, tables& t) {
    std::vector<series> all;
    for (auto const& w : o.workloads)
        for (auto const& r : clients)
            all.push_back({.workload = w, .client = r.name, .rounds = {}, .left_out = {}, .failures = {}});
    for (std::size_t round = 0; round < static_cast<std::size_t>(o.rounds); ++round) {
        fmt::print(stderr, "round {} of {}\n", round + 1, o.rounds);
        for (std::size_t w = 0; w < o.workloads.size(); ++w)
            for (std::size_t i = 0; i < clients.size(); ++i) {
                auto const at = (i + round) % clients.size();
                all[w * clients.size() + at].add(run_checked(clients[at], o.workloads[w], o, t));
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
    auto const clients = runners(o);
    auto const all = measure(o, clients, t);

    std::vector<std::string> peers;
    for (auto const& r : clients)
        if (r.name != our_name && r.name != ours_on_libev) peers.push_back(r.name);
    auto const compared = compare(all, o.workloads, peers);
    auto const goals = judge(compare(all, o.workloads, to_beat));
    auto const wrong = faults(all);
    fmt::print("{}, {}, 10 connections, {} rounds of {} s\n\n{}\n{}", m.server, m.transport, o.rounds, o.seconds,
               table_text(all, compared), goals.text);
    for (auto const& each : wrong) fmt::print("FAULT: {}\n", each);
    write_file(o.json, results_json(m, all, compared));
    fmt::print("{}\n", o.json);
    return !wrong.empty() || (o.check && !goals.met) ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
    options o;
    CLI::App app("asyncpg's seven workloads, through coda and through other clients beside it", "bench-pg-workloads");
    app.add_option("--workload", o.workloads, "which")
        ->delimiter(',')
        ->check(CLI::IsMember(every_workload))
        ->capture_default_str();
    app.add_option("--peer", o.peers, "NAME=PROGRAM, once for each; scripts/bench gives those that it has");
    app.add_option("--seconds", o.seconds, "length of one measurement")
        ->check(CLI::Range(0.05, 3'600.0))
        ->capture_default_str();
    app.add_option("--rounds", o.rounds, "measurements of each")->check(CLI::Range(1, 100))->capture_default_str();
    app.add_option("--json", o.json, "where the figures go")->capture_default_str();
    app.add_flag("--tcp", o.tcp, "by TCP, not by unix socket");
    app.add_flag("--check", o.check, "exit code 1 where we are not ahead of asyncpg and pgx, or it was not measured");
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
