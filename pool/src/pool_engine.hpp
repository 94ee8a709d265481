// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "pool_core.hpp"

#include <coda/pool/detail/acquisition.hpp>
#include <coda/pool/detail/permits.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/scope.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace coda::detail {

// A pool without its connections' type: does what the core decides. Whatever takes time runs in scopes of its own,
// never in a caller's.
class pool_engine : public engine_count {
public:
    pool_engine(loop& l, std::function<std::unique_ptr<pooled>()> make, pool_options const& o, std::uint64_t seed);
    pool_engine(pool_engine const&) = delete;
    pool_engine& operator=(pool_engine const&) = delete;

    // The pool goes: ends what is idle, waiting or under way, and lets go of leases. Operations may be left, which find
    // it closed.
    void end() noexcept;

    // For acquisitions. `refusal`: of a wait that would begin now; `refuse`: of one that began cancelled; `leave`: of
    // one that is given up; `ended`: what is told to one who waited from `since` on; `taken_away`: why he cannot have
    // what he was handed, if so.
    loop& home() const noexcept { return loop_; }
    pooled* take(time_point now, std::source_location by) noexcept {
        core_.acquire_started();
        return static_cast<pooled*>(core_.take(now, by));
    }
    std::optional<error> refusal(time_point now) noexcept;
    error refuse(error_code reason, time_point since) noexcept;
    void wait(acquisition& a, time_point now, std::source_location by) noexcept;
    error leave(acquisition& a, error_code reason) noexcept;
    error ended(error_code reason, time_point since) const noexcept;
    error_code taken_away(pooled const& c) const noexcept;

    // For leases.
    void take_back(pooled& c) noexcept;

    // For the exchange of permits between loops.
    void watch(pool_watcher* w) noexcept { watcher_ = w; }
    bool starved() const noexcept { return core_.starved(); }
    bool give_up_permit() noexcept;
    bool permits_free() const noexcept { return core_.permits_free(); }
    void add_permit() noexcept;
    std::size_t permits() const noexcept { return core_.permits(); }

    void ready() noexcept;
    void clear(bool interrupt_in_use) noexcept;
    static operation<> close(engine_reference self);
    pool_state state() const noexcept { return core_.state(); }
    pool_statistics statistics() const noexcept;

private:
    struct alarm : timer {
        explicit alarm(pool_engine& e) noexcept
            : timer([](timer& t) noexcept { static_cast<alarm&>(t).owner.on_time(); }), owner(e) {}
        pool_engine& owner;
    };

    void pump() noexcept;
    void on_time() noexcept;
    void set_alarm() noexcept;
    error error_of(acquire_failure failure, bool connect_failed, time_point since) const noexcept;
    void fail(pool_action const& a) noexcept;
    void abort(pooled& c) noexcept;
    void begin_open() noexcept;
    void settle(std::unique_ptr<pooled> c, step what) noexcept;
    void connect_failed(pooled* c, error const& why) noexcept;
    void abort_all() noexcept;

    // The background.
    task<> open();
    task<> check(std::unique_ptr<pooled> c);
    task<> reset(std::unique_ptr<pooled> c);
    task<> close(std::unique_ptr<pooled> c);

    loop& loop_;
    std::function<std::unique_ptr<pooled>()> make_;
    pool_options options_;
    pool_core core_;
    alarm alarm_;
    pool_watcher* watcher_ = nullptr;
    event empty_; // closed, and no connection is left
    std::optional<scope> closing_;
    std::optional<scope> work_; // connecting, checking, resetting: cancelled by close
};

} // namespace coda::detail
