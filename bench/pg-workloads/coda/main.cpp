// SPDX-License-Identifier: BSL-1.0
// usage: pg-workloads-coda URI WORKLOAD SECONDS [asio|ev]
//
// One workload on ten connections, one query in flight on each, through coda's client; or `reads`, as reads.hpp has it.
// Prints a line of JSON as every runner beside it does; `left_out` says why where it cannot.
#include "reads.hpp"
#include "workloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace {

using namespace pg_workloads;
using coda::task;
namespace pg = coda::pg;

constexpr std::size_t connections = 10;

template <class Workload>
task<> keep_asking(pg::connection& db, window& w, typename Workload::answer& last) {
    while (!w.closed()) {
        last = co_await Workload::ask(db);
        w.count(Workload::rows(last));
    }
}

task<> connect(std::vector<std::unique_ptr<pg::connection>>& dbs) {
    for (auto& db : dbs) co_await db->connect();
}

// Of the last answers, which were all decoded as the others were. All connections have to agree.
template <class Workload>
std::uint64_t checksum_of(std::vector<typename Workload::answer> const& last) {
    std::vector<std::uint64_t> sums;
    for (auto const& each : last) {
        checksum sum;
        Workload::add(each, sum);
        sums.push_back(sum.value());
    }
    if (std::ranges::adjacent_find(sums, std::ranges::not_equal_to()) != sums.end())
        throw std::runtime_error("the connections' answers differ");
    return sums.front();
}

void print(figures const& m, std::uint64_t checksum) {
    fmt::print(
        R"({{"client": "coda {}", "queries": {}, "rows": {}, "seconds": {}, "cpu_us": {}, "checksum": "{:016x}"}})"
        "\n",
        CODA_VERSION, m.queries, m.rows, m.seconds, m.cpu_us, checksum);
}

template <class Workload>
void run(coda::loop& loop, std::string const& uri, double seconds) {
    std::vector<std::unique_ptr<pg::connection>> dbs;
    for (std::size_t i = 0; i < connections; ++i) dbs.push_back(std::make_unique<pg::connection>(loop, uri));
    loop.run(connect(dbs));

    window w;
    std::vector<typename Workload::answer> last(connections);
    auto const all = [&](coda::scope& s) -> task<> {
        for (std::size_t i = 0; i < connections; ++i) s.spawn(keep_asking<Workload>(*dbs[i], w, last[i]));
        s.spawn(time(w, seconds));
        co_return;
    };
    loop.run(coda::with_scope(all));

    print(w.measured(), checksum_of<Workload>(last));
}

void run_reads(coda::loop& loop, std::string const& uri, double seconds) {
    window w;
    auto const sum = grouped_reads(loop, uri, seconds, w);
    print(w.measured(), sum);
}

void leave_out(char const* why) { fmt::print("{{\"left_out\": \"{}\"}}\n", why); }

void copy_is_missing(coda::loop&, std::string const&, double) { leave_out("waits for COPY"); }

constexpr struct {
    std::string_view name;
    void (*run)(coda::loop& l, std::string const& uri, double seconds);
} workloads[] = {
    {"pg_type", run<pg_type>},
    {"series", run<series>},
    {"bytea", run<bytea>},
    {"arrays", run<arrays>},
    {"copy", copy_is_missing},
    {"batch", run<batch>},
    {"one_plus_one", run<one_plus_one>},
    {"reads", run_reads},
};

std::unique_ptr<coda::loop> make_loop(std::string_view name) {
#ifdef CODA_HAS_LIBEV
    if (name == "ev") return std::make_unique<coda::ev_loop>();
#endif
    return name == "asio" ? std::make_unique<coda::asio_loop>() : nullptr;
}

int usage() {
    fmt::print(stderr, "usage: pg-workloads-coda URI WORKLOAD SECONDS [asio|ev]\n");
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    std::vector<std::string> const arguments(argv + 1, argv + argc);
    if (arguments.size() < 3 || arguments.size() > 4) return usage();
    auto const* const found = std::ranges::find(workloads, arguments[1], [](auto const& w) { return w.name; });
    if (found == std::end(workloads)) return usage();
    try {
        auto const loop = make_loop(arguments.size() == 4 ? arguments[3] : "asio");
        if (loop == nullptr) {
            leave_out("built without this loop");
            return 0;
        }
        found->run(*loop, arguments[0], std::stod(arguments[2]));
    } catch (std::exception const& e) {
        fmt::print(stderr, "pg-workloads-coda: {}\n", e.what());
        return 1;
    }
}
