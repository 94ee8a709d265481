// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/failure_window.hpp>
#include <coda/retry/detail/gated_call.hpp>
#include <coda/retry/error.hpp>
#include <coda/retry/health.hpp>

#include <type_traits>

/// Stops calling a server of which most calls fail: the callers hear so at once, and the server can recover.
///
///     coda::circuit_breaker breaker;                 // one for each server, beside its client
///     auto const r = co_await coda::as_result(breaker([&] { return db.get(key); }));
///     if (!r && r.error().code() == coda::retry_errc::circuit_open) ...
namespace coda {

/// When a breaker opens and closes.
struct circuit_breaker_options {
    /// It opens when this share of the calls in the window has failed, in percent. 1 to 100.
    std::size_t failure_percent = 50;
    /// ... and there were at least so many. 1 to 1,000,000.
    std::size_t minimum_calls = 20;
    /// The length of the window, which slides in tenths. More than 0, at most 24 h.
    duration window = std::chrono::seconds(10);
    /// How long it stays open before it lets probes through. More than 0, at most 24 h.
    duration open_for = std::chrono::seconds(5);
    /// So many probes must succeed before it closes; no more calls than that are let through until then. 1 to 1,000.
    std::size_t probes = 3;
};
static_assert(std::is_trivially_copyable_v<circuit_breaker_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(circuit_breaker_options const&);

/// What a breaker does with calls.
enum class circuit_state : unsigned char {
    closed,    ///< lets all through
    open,      ///< lets none through until `open_for` is over
    half_open, ///< lets probes through
    isolated,  ///< lets none through until `reset`
};

/// The name in the declaration.
std::string_view to_string(circuit_state) noexcept;

/// Which ends count as failures is in health.hpp: a "no" of the server is no failure of it, and a cancelled call counts
/// as neither. A failed probe opens it again. Calls that began before it opened no longer count when they end. For the
/// tasks of one loop; must outlive its calls.
class circuit_breaker {
public:
    /// Throws `exception` (errc::invalid_argument) for options out of range.
    explicit circuit_breaker(circuit_breaker_options o = {}) : options_(o), window_(o.window) { check(o).value(); }
    circuit_breaker(circuit_breaker const&) = delete;
    circuit_breaker& operator=(circuit_breaker const&) = delete;

    /// Awaits `fn()`, or ends at once with retry_errc::circuit_open or isolated, outcome not_sent. `fn` is kept.
    template <detail::call F>
    auto operator()(F fn) {
        return detail::gated_call(*this, std::move(fn));
    }

    /// What it does now. One whose `open_for` is over is `open` until the next call.
    circuit_state state() const noexcept { return state_; }
    /// Lets nothing through until `reset`: for maintenance.
    void isolate() noexcept { change(circuit_state::isolated); }
    /// Closes it, and forgets the failures.
    void reset() noexcept { change(circuit_state::closed); }

    /// One call let through. Destroyed without `ended`, it counts as neither good nor bad.
    class pass {
    public:
        pass() noexcept = default;
        pass(pass const&) = delete;
        pass& operator=(pass const&) = delete;
        ~pass() {
            if (breaker_ != nullptr) breaker_->leave(*this, health::unknown, {});
        }
        /// What the call's end says (`health_after`). Does nothing the second time.
        void ended(context const& ctx, health h) noexcept {
            if (breaker_ == nullptr) return;
            std::exchange(breaker_, nullptr)->leave(*this, h, ctx.loop->now());
        }

    private:
        friend class circuit_breaker;
        circuit_breaker* breaker_ = nullptr;
        std::size_t period_ = 0;
    };

    /// For what is no awaitable: whether a call may be made now. `p` is empty before, and hears how it ended.
    bool try_enter(context const& ctx, pass& p) noexcept {
        if (state_ != circuit_state::closed && !try_probe(ctx.loop->now())) return false;
        p.breaker_ = this;
        p.period_ = period_;
        return true;
    }
    /// Why not.
    error refusal() const noexcept;

private:
    void leave(pass const& p, health h, time_point now) noexcept {
        if (p.period_ != period_) return;
        if (state_ == circuit_state::half_open) return end_probe(h, now);
        if (h == health::unknown) return;
        window_.add(now, h == health::bad);
        if (h == health::bad && too_many_failed()) open(now);
    }
    bool too_many_failed() const noexcept;
    bool try_probe(time_point now) noexcept;
    void end_probe(health h, time_point now) noexcept;
    void open(time_point now) noexcept;
    void change(circuit_state to) noexcept;

    circuit_breaker_options options_;
    detail::failure_window window_;
    time_point open_until_{};
    std::size_t probing_ = 0;   // under way
    std::size_t succeeded_ = 0; // of the probes
    std::size_t period_ = 0;    // how often the state has changed
    circuit_state state_ = circuit_state::closed;
};

} // namespace coda
