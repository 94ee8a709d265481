// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/child.hpp>
#include <coda/runtime/detail/remote_wait.hpp>

#include <functional>
#include <tuple>

/// Blocking or long work on a bounded number of threads, awaited from a loop.
///
///     auto digest = co_await coda::offload(slow_hash, password);
namespace coda {

/// The bounds of a thread_pool.
struct offload_options {
    std::size_t threads = 4;       ///< threads at most, 1 to 1024; each starts when it is first needed
    std::size_t max_queued = 1024; ///< functions that wait for a thread, 0 to 1048576; more are rejected at once
};
static_assert(std::is_trivially_copyable_v<offload_options>);

namespace detail {
class offload_queue;
}

/// A bounded number of threads with a bounded queue. Threads take none of the process' signals.
class thread_pool {
public:
    /// Throws `exception` (errc::invalid_argument, naming the option) for an option out of its range.
    explicit thread_pool(offload_options options = {});
    /// Functions that are still queued are destroyed without being called, and their waits end with errc::closed; those
    /// that run are waited for. Not to be called by one of the pool's own functions.
    ~thread_pool();
    thread_pool(thread_pool const&) = delete;
    thread_pool& operator=(thread_pool const&) = delete;

    /// Functions that wait for a thread now. From any thread.
    std::size_t queued() const;
    /// Functions that are being run now. From any thread.
    std::size_t running() const;

    /// For `offload`.
    std::shared_ptr<detail::offload_queue> const& queue() const noexcept { return queue_; }

private:
    std::shared_ptr<detail::offload_queue> queue_;
};

/// The pool of the process that `offload(fn)` uses, with the default options. It is made at the first call and never
/// destroyed: the end of the program does not wait for a function that hangs.
thread_pool& default_thread_pool();

namespace detail {

// One function in a pool: owned by the queue or the thread that runs it, and by the one who waits.
class offload_job : public remote_wait, public list_node {
public:
    virtual ~offload_job() = default;

protected:
    virtual void call() noexcept = 0; // and destroys the function
    virtual void drop() noexcept = 0; // destroys the function

private:
    friend class offload_queue;
    enum class state { idle, queued, running, ended };

    // Guarded by the queue's mutex.
    state state_ = state::idle;
    std::shared_ptr<offload_job> self_; // while the queue has it
};

class offload_waiter : public waiter {
public:
    offload_waiter(std::shared_ptr<offload_queue> queue, std::shared_ptr<offload_job> job) noexcept;
    ~offload_waiter();

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept;
    void await_resume() const { value_or_throw(await_result()); }
    result<> await_result() const noexcept {
        if (failure()) return error(failure(), outcome_);
        return {};
    }

private:
    static void cancelled(waiter& self) noexcept;

    std::shared_ptr<offload_queue> queue_;
    std::shared_ptr<offload_job> job_;
    coda::outcome outcome_ = outcome::not_sent;
};

// A function that returns result<T> gives operation<T>, as one that returns T does.
template <class R>
struct offload_value {
    using type = std::remove_cvref_t<R>;
};
template <class T>
struct offload_value<result<T>> {
    using type = T;
};
template <class F, class... Args>
using offload_value_t = typename offload_value<std::invoke_result_t<F, Args...>>::type;

template <class F, class... Args>
class offload_call final : public offload_job {
    using returned = std::invoke_result_t<F, Args...>;
    using value = offload_value_t<F, Args...>;

public:
    template <class... Parts>
    explicit offload_call(Parts&&... parts) : parts_(std::in_place, std::forward<Parts>(parts)...) {}

    result<value> take() {
        if (exception_) std::rethrow_exception(std::move(exception_));
        return std::move(*result_);
    }

private:
    returned invoke() {
        return std::apply([](auto&... part) -> returned { return std::invoke(std::move(part)...); }, *parts_);
    }
    void call() noexcept override {
        try {
            if constexpr (std::is_void_v<returned>) {
                invoke();
                result_.emplace();
            } else if constexpr (std::is_same_v<returned, result<value>>) {
                result_.emplace(invoke());
            } else {
                result_.emplace(boost::system::in_place_value, invoke());
            }
        } catch (...) {
            exception_ = std::current_exception();
        }
        drop();
    }
    void drop() noexcept override { parts_.reset(); }

    std::optional<std::tuple<F, Args...>> parts_;
    std::optional<result<value>> result_;
    std::exception_ptr exception_;
};

template <class Call, class T>
operation<T> await_offloaded(std::shared_ptr<offload_queue> queue, std::shared_ptr<Call> job) {
    offload_waiter ended(std::move(queue), job);
    auto r = co_await as_result(ended);
    if (r.has_error()) co_return r.error();
    co_return job->take();
}

} // namespace detail

/// Calls `fn(args...)` on a thread of `pool`; gives what it returns, or throws what it throws, on the caller's loop. A
/// function that returns result<T> gives operation<T>. `fn` and `args` are copied or moved in, as std::thread does, and
/// must own what they use: when the wait is cancelled, the call goes on without it. They are destroyed on the thread
/// that made the call, before its result is seen.
///
/// Cancellation: before a thread has taken it, the call leaves the queue unmade (outcome not_sent). Once it runs it
/// cannot be stopped: the wait ends at once (outcome unknown) and the result is dropped when it comes. An inherited
/// deadline acts likewise; there is none of its own. Errors: errc::queue_full, errc::closed where the pool was
/// destroyed meanwhile, both with outcome not_sent; an error of the system where not even one thread could be started.
///
/// g++ 12 destroys a lambda twice that is written inside a co_await expression and captures an object with a
/// destructor: give such a lambda a name first, or pass the object in `args`.
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
auto offload(thread_pool& pool, F&& fn, Args&&... args)
    -> operation<detail::offload_value_t<std::decay_t<F>, std::decay_t<Args>...>> {
    using call = detail::offload_call<std::decay_t<F>, std::decay_t<Args>...>;
    using value = detail::offload_value_t<std::decay_t<F>, std::decay_t<Args>...>;
    auto job = std::make_shared<call>(std::forward<F>(fn), std::forward<Args>(args)...);
    return detail::await_offloaded<call, value>(pool.queue(), std::move(job));
}

/// The same on `default_thread_pool()`.
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
auto offload(F&& fn, Args&&... args) -> operation<detail::offload_value_t<std::decay_t<F>, std::decay_t<Args>...>> {
    return offload(default_thread_pool(), std::forward<F>(fn), std::forward<Args>(args)...);
}

} // namespace coda
