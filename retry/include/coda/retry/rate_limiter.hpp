// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/bounded_queue.hpp>
#include <coda/retry/detail/gated_call.hpp>
#include <coda/retry/error.hpp>

#include <cstdint>
#include <type_traits>

/// Bounds how often something is done.
///
///     coda::rate_limiter limiter({.permits = 100, .per = 1s});
///     co_await limiter.acquire();
namespace coda {

/// A rate, and how far it may be exceeded for a moment.
struct rate_limiter_options {
    /// Permits in each `per`, evenly spread. 1 to 1,000,000.
    std::size_t permits = 100;
    /// More than 0, at most 1 h.
    duration per = std::chrono::seconds(1);
    /// Permits that are saved up while nobody asks; at first there are as many. 1 to 1,000,000.
    std::size_t burst = 100;
    /// Tasks waiting; one more ends with errc::queue_full at once. 0 to 10,000,000.
    std::size_t max_waiters = 10'000;
};
static_assert(std::is_trivially_copyable_v<rate_limiter_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(rate_limiter_options const&);

/// A token bucket. Strictly FIFO: nobody passes by those who wait, also not with fewer permits. For the tasks of one
/// loop; must outlive its waiters and calls.
class rate_limiter : private detail::bounded_queue, private timer {
public:
    class acquire_awaiter;
    class enter_awaiter;
    struct [[nodiscard]] acquire_awaitable {
        rate_limiter& limiter;
        std::size_t n;
        acquire_awaiter operator co_await() const noexcept;
    };

    /// Throws `exception` (errc::invalid_argument) for options out of range.
    explicit rate_limiter(rate_limiter_options o = {});
    rate_limiter(rate_limiter const&) = delete;
    rate_limiter& operator=(rate_limiter const&) = delete;

    /// Takes `n` permits, waiting for its turn. Ends at once, having taken nothing: with retry_errc::rate_limited where
    /// its turn would come after the context's deadline, with errc::queue_full where too many wait, with
    /// errc::invalid_argument for more than `burst` permits. Cancelled while it waits: ends with the reason; those
    /// behind move up.
    acquire_awaitable acquire(std::size_t n = 1) noexcept { return {*this, n}; }

    /// Takes `n` permits if they are there at `now` and nobody waits.
    bool try_acquire(time_point now, std::size_t n = 1) noexcept;

    /// Awaits `fn()` after a permit was acquired. `fn` is kept.
    template <detail::call F>
    auto operator()(F fn) {
        return detail::gated_call(*this, std::move(fn));
    }

    using bounded_queue::waiting;

    /// For `operator()`.
    struct pass {
        void ended(context const&, health) const noexcept {}
    };
    /// For `operator()`.
    bool try_enter(context const& ctx, pass&) noexcept { return try_acquire(ctx.loop->now()); }
    /// For `operator()`.
    auto enter() noexcept;

private:
    // A permit is so many units that a nanosecond brings `permits` of them: whole numbers for every rate.
    using units = std::uint64_t;

    units price(std::size_t n) const noexcept { return n * static_cast<units>(options_.per.count()); }
    void refill(time_point now) noexcept;
    bool in_time(context const& ctx, std::size_t n) noexcept;
    void serve(loop& l) noexcept;
    void left(member& m) noexcept override;
    void give_back(std::size_t n, loop& l) noexcept;
    static void due(timer& t) noexcept;

    rate_limiter_options options_;
    units full_;
    units level_;
    time_point refilled_ = time_point::min();
    std::size_t wanted_ = 0; // by all who wait
};

class rate_limiter::acquire_awaiter : public detail::bounded_queue::member {
public:
    acquire_awaiter(rate_limiter& l, std::size_t n) noexcept : member(l), limiter_(l), n_(n) {}
    ~acquire_awaiter() {
        if (waiting()) leave();
        if (granted_ != nullptr) limiter_.give_back(n_, *granted_);
    }

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept;
    void await_resume() { detail::value_or_throw(await_result()); }
    result<> await_result() noexcept {
        granted_ = nullptr;
        if (failure()) return error(failure());
        return {};
    }

private:
    friend class rate_limiter;
    rate_limiter& limiter_;
    std::size_t n_;
    loop* granted_ = nullptr; // where it was given what it asked for, and has not taken it yet
};

class rate_limiter::enter_awaiter : public acquire_awaiter {
public:
    using acquire_awaiter::acquire_awaiter;
    pass await_resume() { return detail::value_or_throw(await_result()); }
    result<pass> await_result() noexcept {
        auto const taken = acquire_awaiter::await_result();
        if (taken.has_error()) return taken.error();
        return pass();
    }
};

inline rate_limiter::acquire_awaiter rate_limiter::acquire_awaitable::operator co_await() const noexcept {
    return acquire_awaiter(limiter, n);
}

inline auto rate_limiter::enter() noexcept {
    return detail::kept_awaitable<enter_awaiter, rate_limiter&, std::size_t>(*this, std::size_t{1});
}

} // namespace coda
