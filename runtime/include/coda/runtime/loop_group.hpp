// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/child.hpp>
#include <coda/runtime/detail/remote_wait.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/when_all.hpp>

#include <cassert>
#include <mutex>

/// Several loops, a thread each, and tasks that run on one loop and are awaited from another.
///
///     coda::loop_group group;
///     auto sum = co_await coda::run_on(group[1], add_up(numbers));
namespace coda {

/// What the loops of a group stand on.
enum class loop_backend : unsigned char { asio, ev };

/// The shape of a loop_group.
struct loop_group_options {
    std::size_t loops = 0;                     ///< 0: one for each CPU that the process may use; 1024 at most
    loop_backend backend = loop_backend::asio; ///< ev only where the library was built with CODA_LIBEV
    bool pin = false;                          ///< ties each thread to one CPU, in turn
};
static_assert(std::is_trivially_copyable_v<loop_group_options>);

/// A fixed number of loops, each run by a thread of its own from the constructor to the destructor. The threads take
/// none of the process' signals. Nothing is shared between the loops.
class loop_group {
public:
    /// Returns when all loops are running. Throws `exception` (errc::invalid_argument, naming the option) for an option
    /// out of its range, std::system_error when a thread cannot be started or pinned.
    explicit loop_group(loop_group_options options = {});
    /// Stops the loops and joins their threads. What is posted and not yet run is destroyed without being called; tasks
    /// must have ended. From a thread outside the group.
    ~loop_group();
    loop_group(loop_group const&) = delete;
    loop_group& operator=(loop_group const&) = delete;

    /// How many loops it has.
    std::size_t size() const noexcept { return members_.size(); }
    /// `i` must be less than size().
    loop& operator[](std::size_t i) noexcept {
        assert(i < size());
        return *members_[i].loop;
    }

    /// Has `function()` called on loop `i`; see loop::post. From any thread.
    template <class F>
    void post(std::size_t i, F&& function) {
        (*this)[i].post(std::forward<F>(function));
    }

private:
    struct member {
        std::unique_ptr<coda::loop> loop;
        std::thread thread;
    };

    void stop_and_join() noexcept;

    std::vector<member> members_;
};

namespace detail {

// A task under way on another loop. Shared between the loops: the one who awaits it may be destroyed meanwhile.
class remote_run : public remote_wait, public carrier, protected child_owner {
public:
    remote_run(context const& caller, coda::loop& target) noexcept;
    remote_run(remote_run const&) = delete;
    remote_run& operator=(remote_run const&) = delete;
    virtual ~remote_run() = default;

    // On the caller's loop.
    void depart(waiter& w) noexcept;
    void cancel(error_code reason) noexcept;
    // The caller is being destroyed: waits until the task has been, on its own loop.
    void recall() noexcept;

protected:
    virtual void start_child(context const& ctx, child_owner& owner) noexcept = 0;
    virtual void destroy_child() noexcept = 0;

private:
    friend class tenure;

    // What one loop has the other do. Made with the run: nothing is allocated on the way.
    class message final : public posted {
    public:
        using function = void (*)(remote_run&) noexcept;
        void send(coda::loop& to, remote_run& r, function f) noexcept;

    private:
        void run() override;
        void dispose() noexcept override;

        std::shared_ptr<remote_run> run_; // while it is under way
        function function_ = nullptr;
    };

    void child_ended(child_promise_base&) noexcept override { answer(ended_); }
    void answer(message& m) noexcept;
    void destroy_where_it_runs() noexcept;
    void destroy_on_idle_target() noexcept;
    void destroy(std::unique_lock<std::mutex>& lock) noexcept;
    static bool serve_one(std::unique_lock<std::mutex>& lock, coda::loop const* at) noexcept;

    coda::loop& home_;
    coda::loop& target_;
    message departure_, cancellation_, recall_; // to the target
    message ended_, cancelled_;                 // the answers
    error_code reason_;                         // of the cancellation
    int answers_due_ = 0;                       // the caller's loop only
    remote_run* next_recall_ = nullptr;         // under the recalls' lock, as the next
    bool destroyed_ = false;
    bool recalled_ = false; // like all below, from the departure to the answer the target's only
    cancel_source source_;
    trace_context trace_;
    context context_;
};

template <class T>
class remote_child final : public remote_run {
public:
    remote_child(context const& caller, coda::loop& target, child<T> c) noexcept
        : remote_run(caller, target), child_(std::move(c)) {}

    // Once the task has ended: on the caller's loop, where its frame goes too.
    result<T> take() {
        child<T> const ended = std::move(*child_);
        child_.reset();
        if (ended.promise().failed()) return ended.promise().failure_or_throw();
        if constexpr (std::is_void_v<T>)
            return {};
        else
            return result<T>(boost::system::in_place_value, ended.promise().take());
    }

private:
    void start_child(context const& ctx, child_owner& owner) noexcept override { child_->start(ctx, owner); }
    void destroy_child() noexcept override { child_.reset(); }

    std::optional<child<T>> child_;
};

class remote_run_waiter : public void_waiter {
public:
    explicit remote_run_waiter(std::shared_ptr<remote_run> run) noexcept
        : void_waiter(&remote_run_waiter::cancelled), run_(std::move(run)) {}
    ~remote_run_waiter() {
        if (waiting()) run_->recall();
    }

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        if (!suspend(h, ctx)) return false;
        run_->depart(*this);
        return true;
    }

private:
    static void cancelled(waiter& w) noexcept {
        static_cast<remote_run_waiter&>(w).run_->cancel(w.ctx()->cancel.reason());
    }

    std::shared_ptr<remote_run> run_;
};

} // namespace detail

/// Runs `a` (a task, usually) on `target`, a loop of another thread, and gives its value, error or exception on the
/// caller's loop, when it has ended there. `a` inherits the caller's deadline and trace (as a copy). `target` must be
/// running, and must outlive the operation.
///
/// Cancellation and deadlines of the caller are sent to `target`, where they cancel `a`; the caller goes on only when
/// `a` has ended. Cancelled before the start: `a` is not started. A caller that is destroyed while it waits (its loop
/// was stopped) first has `a` destroyed on its loop, and blocks until it is. So `a` may refer to what the caller owns.
template <class A>
    requires(!std::is_lvalue_reference_v<A>)
operation<detail::child_value_t<A>> run_on(loop& target, A a) {
    using value = detail::child_value_t<A>;
    context const& caller = co_await this_context();
    auto child = detail::run_child<detail::child<value>>(std::move(a));
    auto run = std::make_shared<detail::remote_child<value>>(caller, target, std::move(child));
    detail::remote_run_waiter ended(run);
    auto r = co_await as_result(ended);
    if (r.has_error()) co_return r.error();
    co_return run->take();
}

/// Runs `make(i)` on loop `i` of `group`, for each, and joins them all as `when_all` does: a server's workers, say.
/// `make` is called on the caller's loop. (g++ 12: name a lambda that captures an object with a destructor first.)
template <class Make>
auto run_on_each(loop_group& group, Make make) {
    using operation_type = decltype(run_on(group[0], make(std::size_t{})));
    std::vector<operation_type> all;
    all.reserve(group.size());
    for (std::size_t i = 0; i < group.size(); ++i) all.push_back(run_on(group[i], make(i)));
    return when_all(std::move(all));
}

} // namespace coda
