// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/awaitable.hpp>
#include <coda/runtime/loop.hpp>

#include <coroutine>
#include <tuple>
#include <type_traits>
#include <utility>

namespace coda::detail {

// An awaiter that begins another in its own await_suspend: a stage that does something before and after a call is one,
// and needs no coroutine.
class nested_await {
public:
    bool await_ready() const noexcept { return false; }

protected:
    // What await_suspend returns, having begun `inner`.
    template <class Awaiter>
    std::coroutine_handle<> begin(Awaiter& inner, std::coroutine_handle<> h, context const* ctx) {
        static_assert(takes_context<Awaiter>, "the call gives a task, an operation or another wait of coda's; "
                                              "a foreign awaitable is awaited in a task");
        if (inner.await_ready()) return go_on(h, *ctx);
        using returned = decltype(inner.await_suspend(h, ctx));
        if constexpr (std::is_void_v<returned>) {
            inner.await_suspend(h, ctx);
            return std::noop_coroutine();
        } else if constexpr (std::is_same_v<returned, bool>) {
            return inner.await_suspend(h, ctx) ? std::coroutine_handle<>(std::noop_coroutine()) : go_on(h, *ctx);
        } else {
            return inner.await_suspend(h, ctx);
        }
    }

    // The same where there is nothing to wait for: a loop of such awaits lets others run from time to time.
    std::coroutine_handle<> go_on(std::coroutine_handle<> h, context const& ctx) noexcept {
        if (!ctx.loop->spend_budget()) return h;
        next_.handle = h;
        ctx.loop->schedule(next_);
        return std::noop_coroutine();
    }

private:
    resumption next_;
};

// What gives an `Awaiter` made of arguments kept until then. Awaited once, as an rvalue.
template <class Awaiter, class... Kept>
class [[nodiscard]] kept_awaitable {
public:
    explicit kept_awaitable(Kept... kept) : kept_(std::forward<Kept>(kept)...) {}

    Awaiter operator co_await() && {
        return std::apply([](Kept&... kept) { return Awaiter(std::forward<Kept>(kept)...); }, kept_);
    }

private:
    std::tuple<Kept...> kept_;
};

} // namespace coda::detail
