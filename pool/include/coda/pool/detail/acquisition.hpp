// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/pooled.hpp>
#include <coda/runtime/waiter.hpp>

#include <source_location>

namespace coda::detail {

// Takes a connection out of a pool, waiting for it where it must: the awaiter below `pool::acquire`. Gives the
// connection, which the caller then has to give back. The pool may go while it waits.
class acquisition : public waiter, public claim {
public:
    acquisition(engine_reference from, std::source_location by) noexcept;
    acquisition(acquisition const&) = delete;
    acquisition& operator=(acquisition const&) = delete;
    ~acquisition();

    bool await_ready() const noexcept { return false; } // only the context tells whether the loop is the pool's
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept;
    result<pooled*> take_outcome() noexcept;

private:
    friend class pool_engine;

    // By the pool, which has taken it out of its queue.
    void grant(pooled& c) noexcept;
    void refuse(error why) noexcept;
    // Takes away what he was handed. False: he was cancelled or is about to take it, and will give it back.
    bool wait_again() noexcept;

    void cancelled() noexcept;
    pooled* let_go() noexcept;

    engine_reference pool_;
    pooled* granted_ = nullptr;
    time_point since_{};
    std::source_location by_;
    error why_;
};

} // namespace coda::detail
