// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "audit.hpp"
#include "nemesis.hpp"
#include "store.hpp"
#include "support/loops.hpp"
#include "support/punctuality.hpp"
#include "support/write_ledger.hpp"

#include <list>
#include <random>

namespace coda::chaos {

/// The size of one storm.
struct storm_options {
    test::loop_kind loop = test::loop_kind::asio;
    std::uint64_t seed = 1;
    std::chrono::milliseconds faults{1500}; ///< for how long things go wrong
    std::size_t callers = 32;
    std::string place; ///< a name for its writes, used by no other
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

    /// How a caller ends a request.
    enum class leaving : unsigned char { stays, deadline, cancelled, destroyed };

    /// A request whose caller has not come back.
    struct open_call {
        request what;
        std::uint64_t number;
        time_point deadline;
    };
    using open_calls = std::list<open_call>;
    struct late_call {
        open_call what;
        time_point ended;
    };

    struct draw {
        request what;
        leaving how;
        duration limit;
    };

    task<> direct(scope& s);
    task<> call_until_the_end(std::uint64_t seed);
    task<> call_once(draw d);
    task<result<std::string>> ask(draw d, operation<std::string> op);
    task<> beat();
    task<> disrupt(int how);
    task<> recover();
    void note_recovery(request what, time_point begun);
    task<> check_when_quiet();

    draw draw_from(generator& random) const;
    std::size_t leasing() const noexcept;
    void judge(draw const& d, std::uint64_t number, std::string const& text, result<std::string> const& r);
    void judge_error(draw const& d, error const& e);
    void note_time(open_call const& c);
    void judge_late_calls();
    void check_open_calls();
    void check_statistics();
    void check_writes();
    void reopen();

    store& store_;
    server_process& server_;
    audit& audit_;
    storm_options options_;
    generator random_;
    std::unique_ptr<coda::loop> loop_;
    std::optional<test::fault_proxy> way_;
    std::unique_ptr<subject> subject_;
    test::write_ledger ledger_;
    test::punctuality punctual_;
    open_calls open_;
    std::vector<late_call> late_;
    std::string faults_; // for people
    std::uint64_t reads_ = 0;
    event faults_over_;
    std::optional<time_point> well_since_; // the last fault is over
    std::optional<time_point> client_well_;
    std::optional<time_point> pool_well_;
    bool ending_ = false;
    bool ended_ = false;
};

} // namespace coda::chaos
