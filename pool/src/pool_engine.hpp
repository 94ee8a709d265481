// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "pool_core.hpp"

#include <coda/pool/detail/acquisition.hpp>
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
    pool_engine(loop& l, std::function<std::unique_ptr<pooled>()> make, pool_options const& o);
    pool_engine(pool_engine const&) = delete;
    pool_engine& operator=(pool_engine const&) = delete;

    // The pool goes: ends what is idle, waiting or under way, and lets go of leases. Operations may be left, which find
    // it closed.
    void end() noexcept;

    // For acquisitions.
    loop& home() const noexcept { return loop_; }
    pool_options const& options() const noexcept { return options_; }
    pooled* take() noexcept;
    std::optional<error> refusal() const noexcept; // of a wait that would begin now
    void wait(acquisition& a) noexcept;
    void leave(acquisition& a) noexcept { core_.leave(a); }
    // The error of one who waited from `since` on.
    error ended(error_code reason, time_point since) const noexcept;

    // For leases.
    void take_back(pooled& c) noexcept;

    static operation<> close(engine_reference self);
    pool_statistics const& statistics() const noexcept { return core_.statistics(); }

private:
    void pump() noexcept;
    void begin_open() noexcept;
    void settle(std::unique_ptr<pooled> c, step what) noexcept;
    void connect_failed(error const& why) noexcept;
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
    std::optional<error> last_connect_error_;
    event empty_; // closed, and no connection is left
    std::optional<scope> closing_;
    std::optional<scope> work_; // connecting, checking, resetting: cancelled by close
};

} // namespace coda::detail
