// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/bounded_queue.hpp>
#include <coda/retry/detail/gated_call.hpp>
#include <coda/retry/detail/gradient_limit.hpp>
#include <coda/retry/health.hpp>

#include <type_traits>

/// Bounds how many calls a server has to do at once, at a number that it finds by itself: as many as it can do without
/// making them wait for each other.
///
///     coda::concurrency_limiter limiter({.max_waiters = 100});
///     auto const row = co_await limiter([&] { return db.query_one<account>(sql, id); });
namespace coda {

/// Where the limit begins and how far it goes.
struct concurrency_limiter_options {
    /// The limit at first. `min_limit` to `max_limit`.
    std::size_t initial_limit = 20;
    /// 1 to 100,000.
    std::size_t min_limit = 1;
    /// `min_limit` to 100,000.
    std::size_t max_limit = 1'000;
    /// Calls waiting; one more ends with errc::queue_full at once. 0 to 10,000,000.
    std::size_t max_waiters = 1'000;
    /// How often the limit is set, from what calls took in the meantime. More than 0, at most 24 h.
    duration window = std::chrono::milliseconds(100);
    /// For how long the shortest latency is taken for what the server needs when nobody waits. It is measured at the
    /// beginning and after this time anew: for two windows with a quarter of the calls. More than 0, at most 24 h.
    duration baseline_for = std::chrono::seconds(30);
    /// How much longer than that a call may take before the limit goes down, in percent. 100 to 1,000.
    std::size_t tolerance_percent = 150;
};
static_assert(std::is_trivially_copyable_v<concurrency_limiter_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(concurrency_limiter_options const&);

/// Waiters are served in the order they came, by calls that end. What a call's end says is in health.hpp: only calls
/// that the server answered are measured; where it failed, the limit goes down. For the tasks of one loop; must outlive
/// its calls.
class concurrency_limiter : private detail::bounded_queue {
public:
    class acquire_awaiter;
    class pass;
    struct [[nodiscard]] acquire_awaitable {
        concurrency_limiter& limiter;
        acquire_awaiter operator co_await() const noexcept;
    };

    /// Throws `exception` (errc::invalid_argument) for options out of range.
    explicit concurrency_limiter(concurrency_limiter_options o = {});
    concurrency_limiter(concurrency_limiter const&) = delete;
    concurrency_limiter& operator=(concurrency_limiter const&) = delete;

    /// Awaits `fn()` when it is its turn. Ends at once with errc::queue_full where too many wait. Cancelled while it
    /// waits: ends with the reason, not_sent. `fn` is kept.
    template <detail::call F>
    auto operator()(F fn) {
        return detail::gated_call(*this, std::move(fn));
    }

    /// For what is no single awaitable: waits for its turn and gives a `pass`, which hears how the work ended.
    acquire_awaitable acquire() noexcept { return {*this}; }

    /// Calls at most at once, as it is now.
    std::size_t limit() const noexcept { return limit_.limit(); }
    /// Calls under way.
    std::size_t in_flight() const noexcept { return in_flight_; }
    /// What a call takes when nobody waits, as it looks now; zero while that is not known.
    duration baseline() const noexcept { return limit_.baseline(); }
    using bounded_queue::waiting;

    /// For `operator()`: the same without waiting; false where it would have to.
    bool try_enter(context const& ctx, pass& p) noexcept;
    /// For `operator()`.
    acquire_awaitable enter() noexcept { return acquire(); }

private:
    void leave(duration took, health h, time_point now) noexcept;
    void give_back() noexcept;
    void serve() noexcept;
    void left(member&) noexcept override {}

    detail::gradient_limit limit_;
    std::size_t in_flight_ = 0;
};

/// One call under way. Destroyed without `ended`, nothing is learned from it.
class [[nodiscard]] concurrency_limiter::pass {
public:
    pass() noexcept = default;
    pass(pass&& other) noexcept : limiter_(std::exchange(other.limiter_, nullptr)), since_(other.since_) {}
    pass& operator=(pass&& other) noexcept {
        std::swap(limiter_, other.limiter_);
        std::swap(since_, other.since_);
        return *this;
    }
    ~pass() {
        if (limiter_ != nullptr) limiter_->give_back();
    }
    /// What the call's end says (`health_after`). Does nothing the second time.
    void ended(context const& ctx, health h) noexcept {
        if (limiter_ == nullptr) return;
        time_point const now = ctx.loop->now();
        std::exchange(limiter_, nullptr)->leave(now - since_, h, now);
    }

private:
    friend class concurrency_limiter;
    pass(concurrency_limiter& l, time_point now) noexcept : limiter_(&l), since_(now) {}

    concurrency_limiter* limiter_ = nullptr;
    time_point since_{};
};

class concurrency_limiter::acquire_awaiter : public detail::bounded_queue::member {
public:
    explicit acquire_awaiter(concurrency_limiter& l) noexcept : member(l), limiter_(l) {}
    ~acquire_awaiter();

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept;
    pass await_resume() { return detail::value_or_throw(await_result()); }
    result<pass> await_result() noexcept;

private:
    friend class concurrency_limiter;
    concurrency_limiter& limiter_;
    loop* loop_ = nullptr;
    bool granted_ = false;
};

inline concurrency_limiter::acquire_awaiter concurrency_limiter::acquire_awaitable::operator co_await() const noexcept {
    return acquire_awaiter(limiter);
}

inline bool concurrency_limiter::try_enter(context const& ctx, pass& p) noexcept {
    if (waiting() > 0 || in_flight_ >= limit_.limit()) return false;
    ++in_flight_;
    p.limiter_ = this;
    p.since_ = ctx.loop->now();
    return true;
}

} // namespace coda
