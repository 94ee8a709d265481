// SPDX-License-Identifier: BSL-1.0
// chaos: storms of faults over the drivers, and what must hold under them. Run by scripts/chaos, with servers that it
// may kill.
#include "memory.hpp"
#include "options.hpp"
#include "pool_choice.hpp"
#include "server_process.hpp"
#include "sharded_storm.hpp"
#include "storm.hpp"
#include "support/required_server.hpp"
#include "tally.hpp"
#include "watchdog.hpp"

#include <csignal>
#include <cstdlib>
#include <random>

namespace {

using namespace coda::chaos;
using clock_type = std::chrono::steady_clock;

constexpr std::uint64_t every_sharded = 4; // of so many storms one is over several loops

// Everything in a storm comes from this.
std::uint64_t seed_of(options const& o, std::uint64_t storm) {
    std::seed_seq mixed{o.seed, o.seed >> 32, storm};
    std::uint32_t words[2];
    mixed.generate(std::begin(words), std::end(words));
    return (std::uint64_t{words[0]} << 32) + words[1];
}

std::unique_ptr<store> store_called(std::string const& name) {
    if (name == "postgres") return postgres_store();
    if (name == "redis") return redis_store();
    return mongo_store();
}

// Memory that is not given back shows in storm after storm: the first ones fill caches.
class memory_check {
public:
    void after_storm(audit& a) {
        auto const now = allocated_bytes();
        auto const stacks = fiber_stacks();
        if (++storms_ <= warming_up) {
            base_ = std::max(base_, now);
            stacks_ = std::max(stacks_, stacks);
            return;
        }
        if (now > base_ + allowed)
            a.violation(fmt::format("{} KiB are allocated, {} KiB after the first storms", now / 1024, base_ / 1024));
        if (stacks > stacks_)
            a.violation(fmt::format("there are {} stacks of fibers, {} after the first storms", stacks, stacks_));
    }

private:
    static constexpr int warming_up = 3;
    static constexpr std::size_t allowed = 4 << 20;
    int storms_ = 0;
    std::size_t base_ = 0;
    std::size_t stacks_ = 0;
};

// One store on one loop: its share of the operations and of the time. Gives the violations.
std::uint64_t run(options const& o, std::string const& name, std::string const& loop, std::size_t shares) {
    auto const s = store_called(name);
    server_process server(name);
    audit a;
    memory_check memory;
    watchdog alive;
    auto const begin = clock_type::now();
    auto const goes_on = [&](std::uint64_t storm) {
        if (o.storm != 0) return storm == o.storm;
        if (storm == 1) return true;
        if (o.operations != 0) return a.operations() < share_of(o.operations, shares);
        return clock_type::now() - begin < std::chrono::duration<double>(o.seconds / static_cast<double>(shares));
    };
    for (std::uint64_t n = std::max<std::uint64_t>(o.storm, 1); goes_on(n); ++n) {
        storm_options storm_of;
        storm_of.loop = loop == "ev" ? coda::test::loop_kind::ev : coda::test::loop_kind::asio;
        storm_of.seed = seed_of(o, n);
        storm_of.callers = o.callers;
        storm_of.place = fmt::format("storm_{}_{}_{}", loop, o.seed, n);
        storm_of.pool = chosen_pool(storm_of.seed + 1);
        storm_of.grouped = n % 2 != 0;
        auto const replay = fmt::format("--store {} --loop {} --seed {} --storm {}", name, loop, o.seed, n);
        auto const pool = describe(storm_of.pool);
        a.in_storm(replay, pool);
        if (o.verbose) fmt::print("{}: {}\n", replay, pool);
        alive.expects_an_end_of(replay);
        try {
            if (n % every_sharded == 0)
                sharded_storm(*s, server, a, storm_of).run();
            else
                storm(*s, server, a, storm_of).run();
        } catch (std::exception const& e) { // nothing is known of the server now
            a.violation(fmt::format("ended with an exception: {}", e.what()));
            break;
        }
        a.counted("storms");
        memory.after_storm(a);
    }
    fmt::print("\n{} on {}, seed {}, {:.0f} s: ", name, loop, o.seed,
               std::chrono::duration<double>(clock_type::now() - begin).count());
    a.print_summary();
    return a.violations();
}

// Where it cannot be run to its end, it has failed, and the others are run all the same.
bool passes(options const& o, std::string const& name, std::string const& loop, std::size_t shares) {
    try {
        return run(o, name, loop, shares) == 0;
    } catch (std::exception const& e) {
        fmt::print("{} on {} ended with an exception: {}\n", name, loop, e.what());
        return false;
    }
}

int run_all(options const& o) {
    if (coda::test::server_variable("CODA_SERVERS_DURABLE").empty()) {
        fmt::print("The servers may forget what they have acknowledged: run this by scripts/chaos.\n");
        return 2;
    }
    fmt::print("chaos --seed {}\n", o.seed);
    tally t;
    for (auto const& name : o.stores) {
        auto const upper = name == "postgres" ? "POSTGRES" : name == "redis" ? "REDIS" : "MONGO";
        auto const why = coda::test::server_variable(fmt::format("CODA_TEST_{}_UNAVAILABLE", upper).c_str());
        if (!why.empty()) {
            fmt::print("\n{}: NOT TESTED, no server: {}\n", name, why);
            t.skipped(name, o.loops.size());
            continue;
        }
        auto const shares = o.loops.size() * (o.operations != 0 ? 1 : o.stores.size());
        for (auto const& loop : o.loops) passes(o, name, loop, shares) ? t.passed(name) : t.failed(name);
    }
    fmt::print("\n{}\n", t.closing_line());
    return t.exit_status();
}

// A signal ends the run, where a loop would have it cancel one storm only. The servers are scripts/servers' business.
void end_by_signal(int signal) { std::_Exit(128 + signal); }

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGINT, &end_by_signal);
    std::signal(SIGTERM, &end_by_signal);
    options o;
    if (auto const status = read(o, argc, argv)) return *status;
    return run_all(o);
}
