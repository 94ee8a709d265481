// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/asio_loop.hpp>
#include <coda/runtime/detail/child.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>

#include <concepts>

/// A task, run from Asio.
///
///     asio::awaitable<void> session(tcp::socket s) {                                  // a Boost.Beast server, say
///         auto a = co_await coda::co_spawn(s.get_executor(), load_account(db, 7), asio::use_awaitable);
///     }
namespace coda {

/// The loop on which `co_spawn` runs tasks of `io`: the asio_loop that was constructed on it, else one that is made at
/// the first call and destroyed with `io`. Objects that tasks share (pools, clients) belong on it. From any thread.
asio_loop& loop_of(boost::asio::io_context& io);

namespace detail {

namespace asio = boost::asio;

// A task that was started from Asio. Belongs to its loop while it runs, and is destroyed with it if it has not ended.
class asio_spawned : public list_node, public std::enable_shared_from_this<asio_spawned>, protected child_owner {
public:
    virtual ~asio_spawned() = default;

    // From any thread: starts the task.
    void start() noexcept;
    // From any thread: cancels the task.
    void request_cancel() noexcept;
    // Destroys the task where it is suspended, and the handler uncalled.
    void destroy() noexcept;

protected:
    explicit asio_spawned(asio::io_context& io);
    virtual void start_child(context const& ctx, child_owner& owner) noexcept = 0;
    virtual void complete() noexcept = 0; // hands the result over
    virtual void drop() noexcept = 0;     // destroys task and handler

private:
    void child_ended(child_promise_base&) noexcept override;

    asio_loop& loop_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    cancel_source source_;
    context context_;
    std::shared_ptr<asio_spawned> self_; // while it runs
};

template <class T>
struct co_spawn_signature {
    static_assert(std::default_initializable<T>, "Asio's handlers get a default-constructed value beside an exception");
    using type = void(std::exception_ptr, T);
};
template <>
struct co_spawn_signature<void> {
    using type = void(std::exception_ptr);
};

template <class T, class Handler, class Executor>
class asio_spawned_task final : public asio_spawned {
    // Counts as work of the handler's execution context for as long as it lives.
    using handler_executor = std::decay_t<decltype(asio::prefer(
        std::declval<asio::associated_executor_t<Handler, Executor>>(), asio::execution::outstanding_work.tracked))>;

public:
    template <class H>
    asio_spawned_task(asio::io_context& io, Executor const& executor, child<T> c, H&& handler)
        : asio_spawned(io),
          child_(std::move(c)),
          handler_(std::in_place, std::forward<H>(handler)),
          handler_executor_(asio::prefer(asio::get_associated_executor(*handler_, executor),
                                         asio::execution::outstanding_work.tracked)) {}

    // Has requests through the handler's cancellation slot cancel the task.
    void attach_slot() {
        auto slot = asio::get_associated_cancellation_slot(*handler_);
        if (!slot.is_connected()) return;
        slot.assign([weak = weak_from_this()](asio::cancellation_type) {
            if (auto const self = weak.lock()) self->request_cancel();
        });
    }

private:
    // Called where the handler is to be called.
    struct completion {
        Handler handler;
        std::exception_ptr failure;
        regular_t<T> value;

        void operator()() {
            auto slot = asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected()) slot.clear();
            if constexpr (std::is_void_v<T>)
                std::move(handler)(std::move(failure));
            else
                std::move(handler)(std::move(failure), std::move(value));
        }
    };

    std::exception_ptr failure() const {
        auto const& p = child_->promise();
        return p.failure() ? std::make_exception_ptr(exception(*p.failure())) : p.exception();
    }

    void start_child(context const& ctx, child_owner& owner) noexcept override { child_->start(ctx, owner); }
    // By post: the handler is the user's code and runs from the io_context, not from inside a turn of the loop.
    void complete() noexcept override {
        auto failed = failure();
        auto value = failed ? regular_t<T>() : child_->take();
        asio::post(*handler_executor_, completion{std::move(*handler_), std::move(failed), std::move(value)});
        drop();
    }
    void drop() noexcept override {
        child_.reset();
        handler_.reset();
        handler_executor_.reset();
    }

    std::optional<child<T>> child_;
    std::optional<Handler> handler_;
    std::optional<handler_executor> handler_executor_;
};

template <class T, class Executor>
struct initiate_co_spawn {
    asio::io_context* io;
    Executor executor;

    using executor_type = Executor;
    executor_type get_executor() const noexcept { return executor; }

    template <class Handler, class A>
    void operator()(Handler&& handler, A&& awaitable) const {
        using spawned = asio_spawned_task<T, std::decay_t<Handler>, Executor>;
        auto c = run_child<child<T>>(std::forward<A>(awaitable));
        auto const task = std::make_shared<spawned>(*io, executor, std::move(c), std::forward<Handler>(handler));
        task->attach_slot();
        task->start();
    }
};

// The io_context behind an executor.
asio::io_context& io_context_of(asio::any_io_executor const& e);
template <class Allocator, std::uintptr_t Bits>
asio::io_context& io_context_of(asio::io_context::basic_executor_type<Allocator, Bits> const& e) noexcept {
    return e.context();
}
template <class Inner>
asio::io_context& io_context_of(asio::strand<Inner> const& e) {
    return io_context_of(e.get_inner_executor());
}

} // namespace detail

/// Runs `awaitable` (a task or operation) on `loop_of` the executor's io_context and completes `token` with
/// `void(std::exception_ptr, T)`, or `void(std::exception_ptr)` where it gives void: with use_awaitable, `co_await`
/// gives the value or throws. T must be default-constructible. From any thread.
///
/// The io_context must be run by one thread at a time; `executor` is one of its executors, a strand of one, or an
/// any_io_executor that holds such (else it throws `exception`, errc::invalid_argument). The task runs in the
/// io_context itself: a strand orders the handler only. The io_context counts the task as work. The handler is called
/// through its own associated executor, never from inside this function. A request through its cancellation slot, of
/// whatever type, cancels the task; the handler is called when it has ended. Where the io_context or the loop is
/// destroyed before, the task is destroyed where it is suspended and the handler is not called.
template <class Executor, class A, class Token>
    requires requires(Executor const& e) { detail::io_context_of(e); }
auto co_spawn(Executor const& executor, A awaitable, Token&& token) {
    using value = detail::child_value_t<A>;
    detail::initiate_co_spawn<value, Executor> initiation{&detail::io_context_of(executor), executor};
    return boost::asio::async_initiate<Token, typename detail::co_spawn_signature<value>::type>(
        std::move(initiation), token, std::move(awaitable));
}

/// The same on the io_context's own executor.
template <class A, class Token>
auto co_spawn(boost::asio::io_context& io, A awaitable, Token&& token) {
    return co_spawn(io.get_executor(), std::move(awaitable), std::forward<Token>(token));
}

} // namespace coda
