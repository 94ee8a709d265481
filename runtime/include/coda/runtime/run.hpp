// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/child.hpp>
#include <coda/runtime/detail/tenure.hpp>

/// `loop::run(task)`: the root of a program's tasks. Included by the loops' headers.
namespace coda {

namespace detail {

// Runs one root child on a loop until it has ended, with SIGINT and SIGTERM as requests to cancel it.
class root final : public child_owner {
public:
    // Throws where the loop runs already.
    explicit root(loop& l);

    // Runs the loop; throws `exception` (errc::loop_stopped) when it was stopped before the child ended.
    template <class T>
    void run(child<T>& c) {
        c.start(context_, *this);
        run_loop();
    }

    // The signal that cancelled the child, or 0.
    int signal() const noexcept { return signal_; }

private:
    void child_ended(child_promise_base&) noexcept override;
    void run_loop();

    tenure const tenure_; // until the child has been destroyed
    loop& loop_;
    cancel_source source_;
    context context_;
    int signal_ = 0;
    bool ended_ = false;
};

} // namespace detail

template <class T>
T loop::run(task<T> t) {
    detail::root root(*this);
    auto child = detail::run_child<detail::child<T>>(std::move(t));
    root.run(child);
    if (!child.promise().failed()) {
        if constexpr (std::is_void_v<T>)
            return;
        else
            return child.take();
    }
    if (root.signal() != 0 && child.promise().ended_with(errc::cancelled)) {
        if constexpr (std::is_void_v<T>) return;
        if constexpr (std::is_same_v<T, int>) return 128 + root.signal();
    }
    throw_exception_from_error(child.promise().failure_or_throw(), {});
}

} // namespace coda
