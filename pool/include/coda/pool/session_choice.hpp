// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>

#include <memory>
#include <optional>
#include <type_traits>

/// Which connection a request goes to. For writers of drivers:
///
///     coda::session_choice choice(shared);            // shared_connections: stays while the request uses it
///     auto const on = co_await as_result(choice);     // session*
///     if (on.has_error()) co_return on.error();
///     request sent(*on, ...);
namespace coda {

/// The wait for a session: the one that `pick` gives or, where that gives none (nullptr), the one that `wait` does.
/// That one is held until this object goes: others run before its coroutine goes on, and may have closed it.
///
/// A source has `Session* pick()` and `operation<std::shared_ptr<Session>> wait()`, as `shared_connections` has.
/// `source` must outlive this object, which belongs into the coroutine's frame and is awaited once, on the source's
/// loop.
template <class Source>
class session_choice {
    using wait_awaiter = detail::result_awaiter<decltype(std::declval<Source&>().wait())>;

public:
    using session = std::remove_pointer_t<decltype(std::declval<Source&>().pick())>;

    explicit session_choice(Source& source) noexcept : source_(source) {}
    session_choice(session_choice const&) = delete;
    session_choice& operator=(session_choice const&) = delete;

    // Never ready: where it need not suspend, nobody else may run before the session is used, which an await that is
    // ready does not promise.
    bool await_ready() const noexcept { return false; }
    auto await_suspend(std::coroutine_handle<> h, context const* ctx) {
        using answer = decltype(waiting_->await_suspend(h, ctx));
        picked_ = source_.pick();
        if (picked_ == nullptr) {
            waiting_.emplace(source_.wait());
            if (!waiting_->await_ready()) return waiting_->await_suspend(h, ctx);
        }
        if constexpr (std::is_same_v<answer, bool>)
            return false;
        else
            return answer(h);
    }
    result<session*> await_result() {
        if (!waiting_) return picked_;
        auto found = waiting_->await_result();
        if (found.has_error()) return found.error();
        held_ = std::move(*found);
        return held_.get();
    }
    session* await_resume() { return detail::value_or_throw(await_result()); }

private:
    Source& source_;
    session* picked_ = nullptr;
    std::optional<wait_awaiter> waiting_;
    std::shared_ptr<session> held_;
};

} // namespace coda
