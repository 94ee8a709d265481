// SPDX-License-Identifier: BSL-1.0
// coda-bench: measures ways of talking to a database against each other, and writes a report.
#include "campaign.hpp"
#include "measure/machine.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "report/findings.hpp"
#include "report/html.hpp"
#include "report/results_json.hpp"
#include "report/row.hpp"
#include "report/terminal.hpp"
#include "worker.hpp"
#include "workloads/postgres.hpp"

#include <boost/json/value_from.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace {

using namespace coda::bench;

// Before anything is measured: it would be a pity to find out afterwards.
void make_writable(std::string const& path) {
    auto const folder = std::filesystem::path(path).parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder);
    if (!std::ofstream(path, std::ios::app)) throw std::runtime_error("cannot write " + path);
}

void write_file(std::string const& path, std::string const& content) {
    std::ofstream file(path, std::ios::binary);
    file << content;
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path);
}

machine describe_machine(options const& o) {
    auto m = machine::here();
    try {
        m.server = postgres::prepare_schema(o.uri);
    } catch (std::exception const& e) {
        throw std::runtime_error(fmt::format(
            "no usable PostgreSQL: {}\nscripts/bench starts one; or set CODA_TEST_POSTGRES_URI, or give --uri",
            e.what()));
    }
    m.transport = postgres::server_address(o.uri).starts_with('/') ? "unix socket" : "TCP";
    m.command = o.command;
    return m;
}

// Exit code 1 when a measurement failed or a reply was wrong: such a report proves nothing.
int report(options const& o, machine const& m, std::vector<series> const& measured) {
    auto const rows = summarise(measured);
    auto const found = conclude(rows);
    auto results = results_json(m, rows, found);
    results["left_out"] = boost::json::value_from(o.what.left_out);
    write_file(o.json_path, pretty(results));
    write_file(o.html_path, html_report(results));
    fmt::print("\n{}", summary_text(rows, found));
    for (auto const& why : o.what.left_out) fmt::print("left out: {}\n", why);
    fmt::print("\nreport:  {}\nfigures: {}\n", o.html_path, o.json_path);
    bool const sound = std::ranges::all_of(rows, [](row const& r) { return r.errors == 0 && r.failures.empty(); });
    if (!sound) fmt::print(stderr, "coda-bench: some measurements failed; see the table\n");
    return sound ? 0 : 1;
}

int bench(options const& o) {
    if (o.uri.empty()) {
        fmt::print(stderr, "coda-bench: no PostgreSQL is known: scripts/bench starts one; or set "
                           "CODA_TEST_POSTGRES_URI, or give --uri\n");
        return 1;
    }
    make_writable(o.json_path);
    make_writable(o.html_path);
    auto const m = describe_machine(o);
    fmt::print("{} cells, {} s each, {} rounds, on {}\n", o.what.cells.size(), o.seconds, o.rounds, m.server);
    std::fflush(stdout);
    std::vector<series> measured;
    {
        progress shown(stdout);
        measured = run_campaign(o, shown);
    }
    return report(o, m, measured);
}

} // namespace

int main(int argc, char** argv) {
    // Hidden: how this program starts itself for each measurement.
    if (argc == 2 && std::string_view(argv[1]) == "--worker") return work_as_child();
    auto const asked = parse_options(argc, argv);
    if (auto const* l = std::get_if<leave>(&asked)) {
        fmt::print(l->exit_code == 0 ? stdout : stderr, "{}", l->text);
        return l->exit_code;
    }
    try {
        return bench(std::get<options>(asked));
    } catch (std::exception const& e) {
        fmt::print(stderr, "coda-bench: {}\n", e.what());
        return 1;
    }
}
