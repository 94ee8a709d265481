// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "callers.hpp"
#include "nemesis.hpp"
#include "storm.hpp"

namespace coda::chaos {

/// A storm over several loops: a pool on each, of one total (coda::sharded), callers on each, and others who have them
/// asked from a loop of their own. No loop is stopped and no client destroyed here: a group's loops run until their
/// tasks have ended, and a sharded client is closed when nobody uses it.
class sharded_storm {
public:
    /// Of `o`, pool.max_size is what each loop has on the average.
    sharded_storm(store& s, server_process& server, audit& a, storm_options o);

    /// Runs it to its end.
    void run();

private:
    using clock = std::chrono::steady_clock;

    /// The callers on one loop. Its loop's, while they call.
    struct station {
        station(coda::loop& l, punctual_loops& all, audit& a, caller_options o) : they(l, all, a, std::move(o)) {}
        callers they;
        std::vector<std::uint64_t> seeds; // of each
        duration recovery{};
        bool well = false;
        std::string trouble; // what its pool did when it should have been well
    };

    void make_stations(coda::loop& home);
    void add_station(coda::loop& l, std::size_t callers_here);
    task<> direct();
    task<> faults_and_callers(scope& s);
    task<> work(station& s);
    task<> beat(station& s);
    task<> disrupt();
    task<> recover();
    task<> recovered(station& s, time_point begin);
    task<> end(station& s);
    task<> check_when_quiet();
    task<> take_most();
    operation<std::size_t> all_permits();
    void check_writes();
    void check_witnesses();

    store& store_;
    server_process& server_;
    audit& audit_;
    storm_options options_;
    std::mt19937_64 random_;
    std::optional<test::fault_proxy> way_;
    std::optional<loop_group> group_;
    std::unique_ptr<sharded_subject> subject_;
    std::vector<std::unique_ptr<station>>
        stations_;       // one for each loop of the group, then the one that asks from without
    std::string faults_; // for people
    event faults_over_;
    punctual_loops punctual_;
};

} // namespace coda::chaos
