// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/frame_allocator.hpp>
#include <coda/runtime/detail/remote_wait.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <optional>
#include <thread>
#include <tuple>
#include <variant>

/// Any Asio operation, awaited inside a task.
///
///     std::size_t n = co_await socket.async_read_some(buffer, coda::use_task);
///     auto r = co_await coda::as_result(timer.async_wait(coda::use_task));
namespace coda {

/// The completion token. The operation starts when it is awaited, once, and what it is given must live until it has
/// ended.
///
/// A leading error_code becomes the error (`co_await` throws `exception`, `as_result` gives it; outcome unknown, or
/// not_sent where it was cancelled before it started); a leading std::exception_ptr is rethrown. Of the other values
/// none gives void, one itself, several a tuple. To see the values beside an error, use
/// `asio::as_tuple(coda::use_task)`.
///
/// The task resumes on its own loop, wherever the handler runs. Cancellation and deadlines of the context are forwarded
/// as `cancellation_type::terminal`, the one that every operation knows; the task resumes when the handler is called,
/// with the request's reason where the operation was indeed aborted. After that the I/O object may be good only for
/// closing. An I/O object of another loop's or io_context's thread is cancelled by a post to its executor, which must
/// be of one thread or a strand. A handler that Asio destroys without calling it ends the wait with errc::closed.
struct use_task_t {};
inline constexpr use_task_t use_task{};

namespace detail {

namespace asio = boost::asio;

// Blocks as coroutine frames have them: none from the heap once warm.
template <class T>
struct frame_memory {
    using value_type = T;
    frame_memory() noexcept = default;
    template <class U>
    frame_memory(frame_memory<U> const&) noexcept {}
    T* allocate(std::size_t n) { return static_cast<T*>(allocate_frame(n * sizeof(T))); }
    void deallocate(T* p, std::size_t n) noexcept { free_frame(p, n * sizeof(T)); }
    friend bool operator==(frame_memory, frame_memory) noexcept { return true; }
};

// How the arguments of a handler become a result.
template <class... Values>
struct asio_values {
    using type = std::tuple<Values...>;
    static result<type> make(std::tuple<Values...>&& v) {
        return result<type>(boost::system::in_place_value, std::move(v));
    }
};
template <class Value>
struct asio_values<Value> {
    using type = Value;
    static result<type> make(std::tuple<Value>&& v) {
        return result<type>(boost::system::in_place_value, std::get<0>(std::move(v)));
    }
};
template <>
struct asio_values<> {
    using type = void;
    static result<> make(std::tuple<>&&) { return {}; }
};

template <class... Args>
struct asio_outcome : asio_values<Args...> {
    using typename asio_values<Args...>::type;
    static result<type> make(std::tuple<Args...>&& args, error_code const&) {
        return asio_values<Args...>::make(std::move(args));
    }
};
template <class... Values>
struct asio_outcome<error_code, Values...> : asio_values<Values...> {
    using typename asio_values<Values...>::type;
    static result<type> make(std::tuple<error_code, Values...>&& args, error_code const& cancelled_for) {
        error_code const code = std::get<0>(args);
        if (code == asio::error::operation_aborted && cancelled_for.failed())
            return error(cancelled_for, outcome::unknown);
        if (code.failed()) return error(code, outcome::unknown);
        return std::apply(
            [](auto&, auto&... values) {
                return asio_values<Values...>::make(std::tuple<Values...>(std::move(values)...));
            },
            args);
    }
};
template <class... Values>
struct asio_outcome<std::exception_ptr, Values...> : asio_values<Values...> {
    using typename asio_values<Values...>::type;
    static result<type> make(std::tuple<std::exception_ptr, Values...>&& args, error_code const&) {
        if (auto const& failure = std::get<0>(args)) {
            try {
                std::rethrow_exception(failure);
            } catch (exception const& e) {
                return e.error();
            }
        }
        return std::apply(
            [](auto&, auto&... values) {
                return asio_values<Values...>::make(std::tuple<Values...>(std::move(values)...));
            },
            args);
    }
};

// What the awaiting coroutine and Asio's handler share: either may go first.
class asio_wait : public remote_wait {
public:
    asio::cancellation_slot slot() noexcept { return signal_.slot(); }
    void begin(waiter& w) noexcept {
        remote_wait::begin(w);
        home_thread_ = std::this_thread::get_id();
    }
    // Where the handler is called, or destroyed.
    void finish(error_code reason) noexcept {
        finished_ = true;
        if (std::this_thread::get_id() == home_thread_)
            end_here(reason);
        else
            end(reason);
    }
    // Where the handler is called: what the slot holds may be stale after that.
    void cancel() noexcept {
        if (!finished_) signal_.emit(asio::cancellation_type::terminal);
    }

private:
    asio::cancellation_signal signal_;
    std::thread::id home_thread_;
    bool finished_ = false;
};

template <class... Args>
struct asio_arguments : asio_wait {
    std::optional<std::tuple<Args...>> values;
};

template <class... Args>
class asio_handler {
public:
    explicit asio_handler(std::shared_ptr<asio_arguments<Args...>> wait) noexcept : wait_(std::move(wait)) {}
    asio_handler(asio_handler&&) noexcept = default;
    asio_handler& operator=(asio_handler&&) noexcept = default;
    ~asio_handler() {
        if (wait_) wait_->finish(errc::closed);
    }

    void operator()(Args... args) {
        auto const wait = std::move(wait_);
        wait->values.emplace(std::move(args)...);
        wait->finish({});
    }

    using cancellation_slot_type = asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept { return wait_->slot(); }

private:
    std::shared_ptr<asio_arguments<Args...>> wait_;
};

// The execution context that `l` runs, or nullptr where it is no Asio loop.
asio::execution_context* context_of(loop& l) noexcept;

// The I/O object's executor, as far as the initiation tells.
template <class Initiation>
struct initiation_executor {
    using type = std::monostate;
    static type get(Initiation const&) noexcept { return {}; }
};
template <class Initiation>
    requires requires(Initiation const& i) { i.get_executor(); }
struct initiation_executor<Initiation> {
    using type = std::decay_t<decltype(std::declval<Initiation const&>().get_executor())>;
    static type get(Initiation const& i) noexcept { return i.get_executor(); }
};

template <class Executor>
bool runs_elsewhere(Executor const& e, loop& l) noexcept {
    if constexpr (asio::can_query<Executor const&, asio::execution::context_t>::value) {
        asio::execution_context& theirs = asio::query(e, asio::execution::context);
        return &theirs != context_of(l);
    } else {
        return false;
    }
}

template <class Initiation, class Arguments, class... InitArgs>
class asio_awaiter;

template <class Initiation, class... Args, class... InitArgs>
class asio_awaiter<Initiation, std::tuple<Args...>, InitArgs...> : public waiter {
    using outcome_type = asio_outcome<Args...>;
    using executor = initiation_executor<Initiation>;

public:
    using value_type = typename outcome_type::type;

    asio_awaiter(Initiation&& initiation, std::tuple<InitArgs...>&& args)
        : waiter(&asio_awaiter::cancelled), initiation_(std::move(initiation)), args_(std::move(args)) {}
    ~asio_awaiter() {
        if (!waiting() || wait_ == nullptr) return;
        wait_->abandon();
        cancel();
    }

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) {
        if (!suspend(h, ctx)) return false;
        wait_ = std::allocate_shared<asio_arguments<Args...>>(frame_memory<asio_arguments<Args...>>());
        wait_->begin(*this);
        executor_.emplace(executor::get(initiation_));
        std::apply(
            [this](InitArgs&... args) { std::move(initiation_)(asio_handler<Args...>(wait_), std::move(args)...); },
            args_);
        return true;
    }
    value_type await_resume() { return value_or_throw(await_result()); }
    result<value_type> await_result() {
        if (failure()) return error(failure(), wait_ == nullptr ? outcome::not_sent : outcome::unknown);
        return outcome_type::make(std::move(*wait_->values), ctx()->cancel.reason());
    }

private:
    static void cancelled(waiter& w) noexcept { static_cast<asio_awaiter&>(w).cancel(); }

    void cancel() noexcept {
        if constexpr (!std::is_same_v<typename executor::type, std::monostate>) {
            if (runs_elsewhere(*executor_, *ctx()->loop))
                return asio::post(*executor_, [wait = wait_] { wait->cancel(); });
        }
        wait_->cancel();
    }

    Initiation initiation_;
    std::tuple<InitArgs...> args_;
    std::shared_ptr<asio_arguments<Args...>> wait_;
    std::optional<typename executor::type> executor_;
};

// An operation not yet started.
template <class Initiation, class Arguments, class... InitArgs>
class [[nodiscard]] asio_operation {
public:
    template <class I, class... A>
    explicit asio_operation(std::in_place_t, I&& initiation, A&&... args)
        : initiation_(std::forward<I>(initiation)), args_(std::forward<A>(args)...) {}

    asio_awaiter<Initiation, Arguments, InitArgs...> operator co_await() && {
        return asio_awaiter<Initiation, Arguments, InitArgs...>(std::move(initiation_), std::move(args_));
    }

private:
    Initiation initiation_;
    std::tuple<InitArgs...> args_;
};

} // namespace detail

} // namespace coda

template <class... Args>
class boost::asio::async_result<coda::use_task_t, void(Args...)> {
public:
    template <class Initiation, class... InitArgs>
    static auto initiate(Initiation&& initiation, coda::use_task_t, InitArgs&&... args) {
        return coda::detail::asio_operation<std::decay_t<Initiation>, std::tuple<std::decay_t<Args>...>,
                                            std::decay_t<InitArgs>...>(
            std::in_place, std::forward<Initiation>(initiation), std::forward<InitArgs>(args)...);
    }
};
