// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/call.hpp>
#include <coda/retry/detail/flight.hpp>

#include <functional>
#include <memory>
#include <unordered_map>

/// Joins equal calls that are made at the same time: one is done, all get its outcome. What keeps a server from being
/// asked a thousand times for the one key that has just left the cache.
///
///     coda::single_flight<std::int64_t, account> loading;
///     auto const a = co_await loading(id, [&db, id] { return db.query_one<account>(sql, id); });
namespace coda {

/// For calls that give a T (copied to each caller), told apart by a key. For the tasks of one loop; must outlive its
/// calls.
template <class Key, class T, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
class single_flight {
    static_assert(std::is_void_v<T> || std::is_copy_constructible_v<T>,
                  "each caller gets a copy: use std::shared_ptr<T const>");

public:
    single_flight() = default;
    single_flight(single_flight const&) = delete;
    single_flight& operator=(single_flight const&) = delete;

    /// Awaits the call for `key` that is under way, or else `fn()`. A caller who is cancelled, or whose deadline
    /// passes, leaves at once with that reason, outcome unknown, and the call goes on for the others; when the last one
    /// leaves it is cancelled and joined. Nobody's deadline bounds the call: give it one of its own. A call that was
    /// cancelled so is not joined any more. Exceptions that are not coda's are thrown to every caller.
    ///
    /// `fn` is kept until the call has ended. What it refers to must live as long, also when the caller who brought it
    /// has left: capture by value. It must not wait for the same key.
    template <detail::call F>
    operation<T> operator()(Key key, F fn);

    /// Calls under way that can be joined.
    std::size_t size() const noexcept { return flights_.size(); }

private:
    class keyed_flight final : public detail::flight<T> {
    public:
        keyed_flight(single_flight& home, Key key) : home_(&home), key_(std::move(key)) {}

    private:
        // Whoever runs this holds a share of it.
        void depart() noexcept override {
            if (home_ != nullptr) std::exchange(home_, nullptr)->flights_.erase(key_);
        }
        single_flight* home_;
        Key key_;
    };

    template <detail::call F>
    std::shared_ptr<keyed_flight> board(context const& ctx, Key key, F& fn) {
        auto& place = flights_[key];
        if (place != nullptr) return place;
        try {
            auto made = std::make_shared<keyed_flight>(*this, key);
            made->start(ctx, std::move(fn));
            return place = std::move(made);
        } catch (...) {
            flights_.erase(key);
            throw;
        }
    }

    std::unordered_map<Key, std::shared_ptr<keyed_flight>, Hash, Equal> flights_;
};

template <class Key, class T, class Hash, class Equal>
template <detail::call F>
operation<T> single_flight<Key, T, Hash, Equal>::operator()(Key key, F fn) {
    static_assert(std::is_same_v<detail::call_value_t<F>, T>, "the call gives the T of the single_flight");
    context const& ctx = co_await this_context();
    auto const joined = board(ctx, std::move(key), fn);
    detail::seat<T> seat(*joined);
    auto const waited = co_await as_result(joined->landed());
    if (waited.has_value() || joined->has_landed()) co_return joined->outcome();
    if (!seat.is_last()) co_return detail::failed<T>(waited.error().with_outcome(outcome::unknown));
    joined->cancel(waited.error().code());
    co_await in_context(joined->own_context_without_end(), joined->landed());
    co_return joined->outcome();
}

} // namespace coda
