// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/call.hpp>
#include <coda/retry/detail/first_success.hpp>
#include <coda/retry/detail/latency_percentile.hpp>
#include <coda/retry/retry_budget.hpp>
#include <coda/runtime/deadline.hpp>

#include <type_traits>

/// Asks a second time when the answer is late, and takes whichever comes first: it cuts off the few slow answers, for a
/// little more load. Only for what may be done twice: reads.
///
///     coda::hedge hedged({.after = 50ms, .percentile = 95});       // one for each kind of call
///     auto const row = co_await hedged([&] { return db.query_one<account>(sql, id); });
namespace coda {

/// When the second try begins.
struct hedge_options {
    /// So long after the first; with a `percentile`, until that is known. More than 0, at most 24 h.
    duration after = std::chrono::milliseconds(100);
    /// ... or when the first has taken longer than this share of the calls before, in percent: 95 makes about one in
    /// twenty a second time. 0 takes `after` always. 0 to 99.
    std::size_t percentile = 0;
    /// Pays for second tries, so that there are none where all is slow; null: no bound.
    retry_budget* budget = nullptr;
};
static_assert(std::is_trivially_copyable_v<hedge_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(hedge_options const&);

/// Learns how long the calls that are made through it take. For the tasks of one loop; must outlive its calls.
class hedge {
public:
    /// Throws `exception` (errc::invalid_argument) for options out of range.
    explicit hedge(hedge_options o = {}) : options_(o), percentile_(o.percentile) { check(o).value(); }
    hedge(hedge const&) = delete;
    hedge& operator=(hedge const&) = delete;

    /// Awaits `fn()` and, when it is late, another `fn()` beside it. The first to succeed gives the value; the other is
    /// cancelled and joined. A first try that fails before it is late is the outcome: put `retry` around against that.
    /// Of two that both fail, the first one's error is given. Cancelled with its parent: both are cancelled and joined.
    /// `fn` is kept; what it refers to must outlive the await.
    template <detail::call F>
    operation<detail::call_value_t<F>> operator()(F fn);

    /// After how long a second try begins, as it is now.
    duration delay() const noexcept {
        return options_.percentile != 0 && percentile_.known() ? percentile_.value() : options_.after;
    }

private:
    bool may_try_again(detail::first_success const& race) noexcept;
    void ended(duration took, bool succeeded) noexcept;

    hedge_options options_;
    detail::latency_percentile percentile_;
};

template <detail::call F>
operation<detail::call_value_t<F>> hedge::operator()(F fn) {
    using value = detail::call_value_t<F>;
    using child = detail::child<value>;
    context const& ctx = co_await this_context();
    time_point const began = ctx.loop->now();
    detail::first_success race(ctx);
    std::optional<child> second;
    child first = detail::run_child<child>(fn());
    race.start(first);
    co_await as_result(with_timeout(delay(), race.first_end()));
    if (may_try_again(race)) {
        try {
            second.emplace(detail::run_child<child>(fn()));
            race.start(*second);
        } catch (...) {} // it cannot begin: the first goes on alone
    }
    co_await race.join();
    ended(ctx.loop->now() - began, race.winner() != nullptr);
    if (race.winner() == &first.promise()) co_return detail::value_of(first);
    if (race.winner() != nullptr) co_return detail::value_of(*second);
    co_return detail::failed<value>(race.failure(first.promise()));
}

} // namespace coda
