// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/pooled.hpp>
#include <coda/runtime/waiter.hpp>

namespace coda::detail {

// Takes a connection out of a pool, waiting for it where it must: the awaiter below `pool::acquire`. Gives the
// connection, which the caller then has to give back. The pool may go while it waits.
class acquisition : public waiter, public claim {
public:
    explicit acquisition(pool_engine& from) noexcept;
    acquisition(acquisition const&) = delete;
    acquisition& operator=(acquisition const&) = delete;
    ~acquisition();

    bool await_ready() const noexcept { return false; } // only the context tells whether the loop is the pool's
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept;
    result<pooled*> await_resume() noexcept;

private:
    friend class pool_engine;

    struct expiry : timer {
        explicit expiry(acquisition& a) noexcept
            : timer([](timer& t) noexcept { static_cast<expiry&>(t).owner.give_up(make_error_code(errc::timed_out)); }),
              owner(a) {}
        acquisition& owner;
    };

    // By the pool, which has taken it out of its queue.
    void grant(pooled& c) noexcept;
    void refuse(error why) noexcept;

    void give_up(error_code reason) noexcept;

    pool_engine& pool_;
    pooled* granted_ = nullptr;
    time_point since_{};
    error why_;
    expiry expiry_;
};

} // namespace coda::detail
