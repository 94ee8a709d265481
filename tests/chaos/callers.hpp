// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "audit.hpp"
#include "punctual_loops.hpp"
#include "store.hpp"
#include "support/write_ledger.hpp"

#include <coda/retry.hpp>

#include <functional>
#include <list>
#include <random>

namespace coda::chaos {

/// What callers are told.
struct caller_options {
    std::uint64_t seed = 1;
    std::uint64_t first = 1;    ///< the number of their first write, and of their first read
    std::size_t leases = 4;     ///< as many as there may be
    std::vector<request> kinds; ///< what they ask for, each as often as it is there
    std::size_t at = 0;         ///< which of the loops theirs is
    bool on_others = false;     ///< their requests are made on others of them
    std::function<operation<std::string>(request what, std::string text, std::uint64_t number)> ask;
    std::function<duration(request what)> bound; ///< see subject::bound
};

/// Those who ask, on one loop: they stay, leave, are cancelled and destroyed, some have `retry` ask again; every answer
/// is held against what was asked for, and every caller against his deadline.
class callers {
public:
    using clock = std::chrono::steady_clock;

    callers(loop& l, punctual_loops& all, audit& a, caller_options o);

    /// One caller, until `end`.
    task<> call_until_the_end(std::uint64_t seed);
    void end() noexcept { ending_ = true; }
    bool all_back() const noexcept { return open_.empty(); }
    bool done() const noexcept { return ending_ && all_back(); }
    /// The loop was stopped under them.
    void forget() noexcept { open_.clear(); }

    /// To be told each time that a beat of the loop has come, when it was due, and for how long its thread had wanted
    /// to run meanwhile.
    void beat(time_point planned, duration waited);

    /// The last fault is over.
    void faults_over_at(time_point when) noexcept { well_since_ = when; }
    /// When a request that was made later was answered: on a connection that others share, and on a leased one.
    std::optional<time_point> client_well() const noexcept { return client_well_; }
    std::optional<time_point> pool_well() const noexcept { return pool_well_; }

    test::write_ledger const& ledger() const noexcept { return ledger_; }
    /// The writes, as the callers were told, into the audit.
    void count_writes() const;

private:
    using generator = std::mt19937_64;

    /// How a caller ends a request.
    enum class leaving : unsigned char { stays, deadline, cancelled, destroyed };
    /// Whether `retry` asks again. A number is for one write: what may be done twice has another each time.
    enum class repetition : unsigned char { never, unless_done, always };

    struct draw {
        request what;
        leaving how;
        duration limit;
        repetition again;
    };

    /// A request, and what has become of it so far.
    struct call {
        draw d{};
        std::uint64_t number = 0;
        std::string text{}; // of the last attempt
        std::size_t attempts = 0;
        bool perhaps_done = false; // the outcome of an attempt is not known
    };

    /// A request whose caller has not come back.
    struct open_call {
        request what;
        std::uint64_t number;
        time_point begun;
        time_point deadline;
    };
    using open_calls = std::list<open_call>;
    struct late_call {
        open_call what;
        time_point ended;
    };

    draw draw_from(generator& random, repetition again) const;
    std::size_t leasing() const noexcept;
    duration allowed(draw const& d) const;
    task<> call_once(draw d);
    operation<std::string> begin(call& c);
    operation<std::string> attempt(call& c);
    task<result<std::string>> ask(call& c);

    void judge_attempt(call& c, result<std::string> const& r);
    void judge_error(draw const& d, error const& e);
    void judge(call const& c, result<std::string> const& r);
    void note_recovery(request what, time_point begun);
    void note_time(open_call const& c);
    void judge_late_calls();
    bool judge_late_call(late_call const& l);
    void check_open_calls();

    loop& loop_;
    punctual_loops& loops_;
    audit& audit_;
    caller_options options_;
    generator retry_random_;
    retry_budget budget_;
    test::write_ledger ledger_;
    open_calls open_;
    std::vector<late_call> late_;
    std::uint64_t next_read_;
    std::optional<time_point> well_since_;
    std::optional<time_point> client_well_;
    std::optional<time_point> pool_well_;
    bool ending_ = false;
};

} // namespace coda::chaos
