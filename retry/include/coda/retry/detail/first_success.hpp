// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/child.hpp>
#include <coda/runtime/event.hpp>

namespace coda::detail {

// Children that do the same: the first to succeed wins, the others are then cancelled; all are joined.
class first_success final : public child_owner {
public:
    explicit first_success(context const& parent) noexcept : source_(parent.cancel), context_(parent) {
        context_.cancel = source_.token();
    }

    template <class T>
    void start(child<T>& c) noexcept {
        ++running_;
        c.start(context_, *this);
    }

    // Waits until one has ended.
    auto first_end() noexcept { return ended_.wait(); }
    // Waits until all have. Cannot be cancelled: who cancels, cancels the children.
    auto join() noexcept {
        struct awaiter {
            first_success& race;
            bool await_ready() const noexcept { return race.running_ == 0; }
            void await_suspend(std::coroutine_handle<> h, context const*) const noexcept { race.joiner_.handle = h; }
            void await_resume() const noexcept {}
        };
        return awaiter{*this};
    }

    std::size_t running() const noexcept { return running_; }
    // Whether there is a request to give up, from above.
    bool cancelled() const noexcept { return source_.requested(); }
    child_promise_base* winner() const noexcept { return winner_; }
    // Where nobody won: how `first` failed. Whatever any of them may have done was perhaps done.
    error failure(child_promise_base const& first) const;

private:
    void child_ended(child_promise_base& c) noexcept override;

    linked_cancel_source source_;
    context context_;
    event ended_;
    resumption joiner_;
    child_promise_base* winner_ = nullptr;
    std::size_t running_ = 0;
    bool perhaps_done_ = false;
};

// The value of a child that succeeded.
template <class T>
result<T> value_of(child<T>& c) {
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return result<T>(boost::system::in_place_value, c.take());
}

} // namespace coda::detail
