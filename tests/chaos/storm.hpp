// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "audit.hpp"
#include "callers.hpp"
#include "nemesis.hpp"
#include "pool_witness.hpp"
#include "store.hpp"
#include "support/loops.hpp"

namespace coda::chaos {

/// The size of one storm.
struct storm_options {
    test::loop_kind loop = test::loop_kind::asio;
    std::uint64_t seed = 1;
    std::chrono::milliseconds faults{1500}; ///< for how long things go wrong
    std::size_t callers = 32;
    std::string place;    ///< a name for its writes, used by no other
    pool_options pool{};  ///< of its pool, and of mongo's client
    bool grouped = false; ///< reads, where the driver can
};

/// Callers who ask, leave and are cancelled, while everything goes wrong that can; then what must hold is checked. One
/// loop, one thread beside it for the faults, one for the proxy.
class storm {
public:
    storm(store& s, server_process& server, audit& a, storm_options o);

    /// Runs it to its end.
    void run();

private:
    using generator = std::mt19937_64;
    using clock = std::chrono::steady_clock;

    task<> direct(scope& s);
    task<> beat();
    task<> disrupt(int how);
    task<> recover();
    task<> check_when_quiet();
    task<> check_upkeep();
    void check_statistics();
    void check_nothing_shared(subject const& closed);
    void check_writes();
    void check_witnesses();
    void reopen();

    store& store_;
    server_process& server_;
    audit& audit_;
    storm_options options_;
    generator random_;
    std::unique_ptr<coda::loop> loop_;
    std::optional<test::fault_proxy> way_;
    struct witnesses {
        pool_witness of_pool;
        pool_witness of_client;
    };
    std::list<witnesses> witnesses_; // of each subject, the last the one that is open
    std::unique_ptr<subject> subject_;
    punctual_loops punctual_{1};
    std::optional<callers> callers_;
    std::string faults_; // for people
    event faults_over_;
    bool ended_ = false;
};

} // namespace coda::chaos
