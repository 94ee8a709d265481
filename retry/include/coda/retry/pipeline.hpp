// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/call.hpp>
#include <coda/retry/detail/nested_await.hpp>

#include <tuple>
#include <type_traits>

/// Several parts put around one call, the first outermost.
///
///     coda::circuit_breaker breaker;                             // shared by all calls to one server
///     auto const guarded = coda::pipeline(coda::timeout(1s), coda::retry(policy), breaker);
///     auto const row = co_await guarded([&] { return db.query_one<account>(sql, id); });
///
/// A stage is anything that is called with a call and gives something to be awaited: a lambda will do.
///
///     auto const counted = [&](auto call) { ++calls; return call(); };
namespace coda {

namespace detail {

// The call that stage I - 1 is put around: stage I and all behind it, around the user's.
template <std::size_t I, class Stages, class F>
struct from_stage {
    Stages const* stages;
    F* fn;

    auto operator()() const {
        if constexpr (I == std::tuple_size_v<Stages>)
            return (*fn)();
        else
            return std::get<I>(*stages)(from_stage<I + 1, Stages, F>{stages, fn});
    }
};

// `Stages` is a tuple, or a reference to the pipeline's.
template <class Stages, call F>
class pipeline_awaiter {
    using first = from_stage<0, std::remove_cvref_t<Stages>, F>;
    using value = call_value_t<first>;

public:
    pipeline_awaiter(Stages&& stages, F&& fn)
        : stages_(std::forward<Stages>(stages)), fn_(std::move(fn)), inner_(first{&stages_, &fn_}()) {}
    pipeline_awaiter(pipeline_awaiter const&) = delete;
    pipeline_awaiter& operator=(pipeline_awaiter const&) = delete;

    bool await_ready() { return inner_.await_ready(); }
    auto await_suspend(std::coroutine_handle<> h, context const* ctx) { return inner_.await_suspend(h, ctx); }
    result<value> await_result() { return inner_.await_result(); }
    value await_resume() { return value_or_throw(await_result()); }

private:
    Stages stages_;
    F fn_;
    call_awaiter_t<first> inner_;
};

// What can be copied is, what cannot (a breaker, a limiter) is referred to.
template <class Stage>
using kept_stage_t =
    std::conditional_t<std::is_copy_constructible_v<std::remove_cvref_t<Stage>>, std::remove_cvref_t<Stage>, Stage>;

template <class... Stage>
class stages {
    using all = std::tuple<Stage...>;

public:
    explicit stages(Stage... stage) : stages_(std::forward<Stage>(stage)...) {}

    template <call F>
    auto operator()(F fn) const& {
        return kept_awaitable<pipeline_awaiter<all const&, F>, all const&, F>(stages_, std::move(fn));
    }
    template <call F>
    auto operator()(F fn) && {
        return kept_awaitable<pipeline_awaiter<all, F>, all, F>(std::move(stages_), std::move(fn));
    }

private:
    all stages_;
};

} // namespace detail

/// What gives, called with `fn`, an awaitable of `a(b(c(fn)))`: it ends with the value or the error, as an operation
/// does. Stages that can be copied are kept; breakers, limiters and other objects without copies are referred to and
/// must outlive the pipeline. A named pipeline must outlive the awaits made with it and may be used by any number of
/// them at once. `fn` is kept; what it refers to must outlive the await. In which order, and why: docs/retry.md.
///
/// With timeout, retry, a breaker and a limiter, and nothing failing, it allocates nothing once warm.
template <class... Stage>
auto pipeline(Stage&&... stage) {
    static_assert(((std::is_lvalue_reference_v<Stage> || std::is_move_constructible_v<Stage>) && ...),
                  "a breaker or a limiter is shared by all calls: it needs a name, and must outlive the pipeline");
    return detail::stages<detail::kept_stage_t<Stage>...>(std::forward<Stage>(stage)...);
}

} // namespace coda
