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
#include "stores/store.hpp"
#include "worker.hpp"

#include <boost/json/value_from.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace coda::bench;

// A report is there as a whole or not at all: written beside its place and then moved, unless that is a device or pipe.
std::string written_as(std::string const& path) {
    bool const special = std::filesystem::exists(path) && !std::filesystem::is_regular_file(path);
    return special ? path : path + ".new";
}

// Before anything is measured: it would be a pity to find out afterwards.
void make_writable(std::string const& path) {
    auto const folder = std::filesystem::path(path).parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder);
    auto const written = written_as(path);
    if (std::filesystem::is_directory(path) || !std::ofstream(written, std::ios::app))
        throw std::runtime_error("cannot write " + path);
    if (written != path) std::filesystem::remove(written);
}

void write_file(std::string const& path, std::string const& content) {
    auto const written = written_as(path);
    std::ofstream file(written, std::ios::binary);
    file << content;
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path);
    if (written != path) std::filesystem::rename(written, path);
}

// The servers that the selection needs, each once.
std::vector<server const*> servers_of(options const& o) {
    std::vector<server const*> out;
    for (auto const* s : stores())
        for (auto const* each : s->servers)
            if (o.uris.contains(std::string(each->name)) && std::ranges::find(out, each) == out.end())
                out.push_back(each);
    return out;
}

// Loads the data into each server, and says what they and the machine are.
machine describe_machine(options const& o) {
    auto m = machine::here();
    std::vector<std::string> found;
    std::vector<std::string> libraries;
    std::vector<std::string> ways;
    for (auto const* s : servers_of(o)) {
        auto const& uri = o.uris.at(std::string(s->name));
        try {
            found.push_back(s->prepare(uri));
        } catch (std::exception const& e) {
            throw std::runtime_error(fmt::format("no usable {}: {}\nscripts/bench starts one; or set {}, or give --uri",
                                                 s->title, e.what(), s->variables.front()));
        }
        libraries.push_back(s->library());
        // Older than `libraries`, and in schema 1 to stay.
        if (libraries.back().starts_with("libpq ")) m.libpq = libraries.back().substr(6);
        ways.push_back(fmt::format("{} {}", s->title, s->address(uri).starts_with('/') ? "unix socket" : "TCP"));
    }
    m.server = fmt::format("{}", fmt::join(found, "; "));
    m.libraries = fmt::format("{}", fmt::join(libraries, ", "));
    m.transport = fmt::format("{}", fmt::join(ways, ", "));
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

int bench(options o) {
    for (auto const& [store, why] : o.lacking) fmt::print(stderr, "coda-bench: {}\n", why);
    if (!o.lacking.empty() && !o.skips_lacking) return 1;
    leave_out_lacking(o);
    if (o.what.cells.empty()) throw std::runtime_error("nothing is left to measure");
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
