// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/detail/timer_queue.hpp>

#include <atomic>
#include <cassert>
#include <coroutine>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

namespace coda {

/// A suspended coroutine that is ready to go on: hand it to `loop::schedule`. Lives in the awaiter; destroying it takes
/// it out of the queue.
class resumption : public detail::list_node {
public:
    resumption() noexcept = default;
    explicit resumption(std::coroutine_handle<> h) noexcept : handle(h) {}
    std::coroutine_handle<> handle;
};

/// A function to be run once, at the end of the current turn of the loop: when everything that was ready has run and
/// before the loop looks at another descriptor. This is where a driver writes, in one go, what the turn has queued.
class deferred : public detail::list_node {
public:
    /// Called on the loop's thread.
    using function = void (*)(deferred&) noexcept;
    explicit deferred(function f) noexcept : function_(f) {}

private:
    friend class loop;
    function function_;
};

/// What a file descriptor is ready for, or what one waits for.
enum class readiness : unsigned char { none = 0, read = 1, write = 2, both = 3 };

/// Ready, or to be waited for, in all that either says.
constexpr readiness operator|(readiness a, readiness b) noexcept {
    return static_cast<readiness>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
/// Whether `set` has any of what `part` has.
constexpr bool includes(readiness set, readiness part) noexcept {
    return (static_cast<unsigned>(set) & static_cast<unsigned>(part)) != 0;
}

namespace detail {

class remote_run;
class root;
class tenure;

// What a backend does for one watched descriptor.
class watch_backend {
public:
    virtual ~watch_backend() = default;
    virtual void want(readiness) noexcept = 0;
};

struct posted {
    virtual ~posted() = default;
    virtual void run() = 0;
    // Once it has run, or when it never will: what was not made for this one post is not deleted.
    virtual void dispose() noexcept { delete this; }
    posted* next = nullptr;
};

template <class F>
struct posted_function final : posted {
    explicit posted_function(F&& f) : function(std::move(f)) {}
    explicit posted_function(F const& f) : function(f) {}
    void run() override { function(); }
    F function;
};

} // namespace detail

/// An event loop as the library sees it: ready coroutines, timers, file descriptors, and work posted from other
/// threads. `asio_loop` and `ev_loop` are its backends. One thread runs a loop, and every member is for that thread
/// only, but for `post` and `stop`, which are for any.
///
/// A *turn* is: posted functions, due timers, ready coroutines, deferred functions; then the loop waits for I/O. The
/// last two also follow each callback of a descriptor: what one connection's replies have woken has run, and what that
/// writes is on its way, before the next connection is looked at, so that its peer works meanwhile. The loop must
/// outlive everything that uses it. Destroying it with timers armed, coroutines ready or descriptors watched detaches
/// them: they never fire, never resume and tell nothing (debug builds assert). Tasks that are left may then still be
/// destroyed; ending what they wait for (setting an event, say) would resume them on a loop that is gone.
class loop {
public:
    using clock = std::chrono::steady_clock;

    loop(loop const&) = delete;
    loop& operator=(loop const&) = delete;
    virtual ~loop();

    /// The time. For coroutines it is read once per a few dozen resumptions: cheap, and at most that much old.
    time_point now() noexcept {
        if (!now_valid_) refresh_now();
        return now_;
    }

    /// Runs `task` as the root of everything below it until it has ended, and returns its result or throws its
    /// exception. SIGINT and SIGTERM cancel the root task, which is then joined (a second signal acts as if there were
    /// no handler); a root so cancelled makes `run` return 128 + the signal's number where the result is int, nothing
    /// where it is void, and throw `exception` (errc::cancelled) otherwise. A signal that the program handles itself or
    /// ignores is left alone: that handler decides, by `post` or `stop`. Refused as the other `run` is, before the task
    /// begins. Defined in <coda/runtime/run.hpp>.
    template <class T>
    T run(task<T> root);

    /// Runs until `stop`. A loop that runs already, on this thread or another, is not run a second time: debug builds
    /// assert, others throw `exception` (errc::invalid_argument).
    void run();

    /// Makes `run` return soon. From any thread. `run(task)` then destroys the task where it is suspended and throws
    /// `exception` (errc::loop_stopped).
    void stop() noexcept;

    /// Has `function()` called on the loop's thread, in the order posted by one thread. From any thread, never from a
    /// signal handler. It must not throw: an exception terminates the program. What is still queued when the loop is
    /// destroyed is destroyed without being called.
    template <class F>
    void post(F&& function) {
        enqueue(*new detail::posted_function<std::decay_t<F>>(std::forward<F>(function)));
    }

    /// For drivers: as `post`, without allocating. `p` lives until it is disposed of; meanwhile it cannot be posted
    /// again.
    void enqueue(detail::posted& p) noexcept;

    /// Resumes `r.handle` in this turn or the next. Nothing but the loop resumes coroutines: code that completes a wait
    /// is never re-entered by the one who waited. From another thread it is posted (debug builds assert).
    void schedule(resumption& r) noexcept;

    /// Arms `t` for `when`, again if it was armed. No allocation.
    void arm(timer& t, time_point when) noexcept;
    /// Has `t` not fire; nothing to do when it is not armed. O(1) for all but the earliest.
    void disarm(timer& t) noexcept;

    /// Has `d` run at the end of this turn; once, however often it is asked for.
    void defer(deferred& d) noexcept;

    /// True on the thread that runs this loop, or when none has run it yet.
    bool in_loop_thread() const noexcept {
        auto const owner = thread_.load(std::memory_order_relaxed);
        return owner == std::thread::id() || owner == std::this_thread::get_id();
    }

    /// True on the thread that runs this loop now or, where its backend is the user's, ran it last.
    bool runs_in_this_thread() const noexcept {
        return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }

    /// Counts one await that did not suspend; true when the coroutine should let others go first.
    bool spend_budget() noexcept { return --budget_ < 0; }

protected:
    loop() noexcept = default;

    /// For backends: to be called after request_turn and wake.
    void turn() noexcept;
    /// For backends: to be called when the timer set by set_backend_timer has fired.
    void backend_timer_fired() noexcept {
        backend_timer_ = no_deadline;
        turn();
    }
    /// For backends: unlinks everything; to be called first in a backend's destructor.
    void detach_all() noexcept;
    /// For backends on an event loop of the user's: with no timer armed none is left set, because it would keep that
    /// loop from ending.
    void share_backend() noexcept { backend_shared_ = true; }
    bool stopped() const noexcept { return stopped_.load(std::memory_order_acquire); }

private:
    friend class fd_watch;
    friend class detail::remote_run;
    friend class detail::root;
    friend class detail::tenure;

    // While another thread is inside `post` or `stop`, the destructor waits: what was posted may well have been run
    // already, and have ended the program's use of the loop, before that thread has left it.
    class visit;

    static constexpr int awaits_per_resumption = 256;
    static constexpr int awaits_like_one_resumption = 16; // by what they take
    static constexpr int resumptions_per_turn = 4096;
    static constexpr int resumptions_per_clock_reading = 32;

    // The backend's part.
    virtual time_point read_clock() noexcept { return clock::now(); }
    virtual void request_turn() noexcept = 0; // have turn() called soon, on this thread, after polling I/O
    virtual void wake() noexcept = 0;         // the same, from any thread
    virtual void set_backend_timer(time_point) noexcept = 0; // one timer, moved; no_deadline stops it
    virtual void run_backend() = 0;                          // returns soon after stop_backend
    virtual void stop_backend() noexcept = 0;                // from any thread
    virtual std::unique_ptr<detail::watch_backend> watch(int fd, fd_watch& owner) = 0;

    // Throws for a loop that runs already, where the build does not assert.
    void refuse_second_run() const;

    void ready(fd_watch& watch, readiness r) noexcept;
    void begin_turn() noexcept;
    void end_turn() noexcept;
    void refresh_now() noexcept;
    void run_posted() noexcept;
    void fire_timers() noexcept;
    void resume_ready() noexcept;
    void run_deferred() noexcept;
    void update_backend_timer() noexcept;
    void ask_for_turn() noexcept;

    detail::intrusive_list<resumption> ready_;
    detail::intrusive_list<deferred> deferred_;
    detail::timer_queue timers_;
    detail::intrusive_list<fd_watch> watches_; // to detach them, should they outlive the loop
    time_point now_{};
    time_point backend_timer_ = no_deadline;
    int budget_ = awaits_per_resumption;
    bool now_valid_ = false;
    bool in_turn_ = false;
    bool turn_requested_ = false;
    bool resuming_ = false;
    bool backend_shared_ = false;
    std::atomic<int> visitors_ = 0;
    std::atomic<std::thread::id> thread_{};
    std::atomic<bool> stopped_ = false;
    std::atomic<bool> running_ = false;
    std::thread::id tenant_; // see detail::tenure
    std::atomic<detail::posted*> posted_ = nullptr;
};

/// The error of an operation on an object (`what`: "a pool") from another loop than the object's own:
/// errc::invalid_argument, not_sent. For drivers, which check this before they touch anything of the object.
error used_from_another_loop(std::string_view what) noexcept;

/// Watches one file descriptor (a C library's socket, say). Level-triggered: while readiness is wanted and there, the
/// callback is called once per wake-up. Errors and hang-ups are reported as readiness: the next read or write tells.
/// The descriptor is not owned and must stay open until the watch is destroyed; the callback may destroy the watch. It
/// may be switched to non-blocking mode. One watch per descriptor and loop.
class fd_watch : public detail::list_node {
public:
    /// Called on the loop's thread, outside of any coroutine. It must not throw.
    using callback = void (*)(void* self, readiness ready) noexcept;

    /// Nothing is wanted at first. Throws boost::system::system_error when the backend refuses the descriptor.
    fd_watch(loop& l, int fd, callback function, void* self);
    ~fd_watch();
    fd_watch(fd_watch const&) = delete;
    fd_watch& operator=(fd_watch const&) = delete;

    /// Sets what is waited for. Cheap when nothing changes.
    void want(readiness r) noexcept {
        assert((backend_ == nullptr || loop_.in_loop_thread()) && "a watch was used on another thread than its loop's");
        if (r == wanted_) return;
        wanted_ = r;
        if (backend_ != nullptr) backend_->want(r);
    }
    /// What is waited for now.
    readiness wanted() const noexcept { return wanted_; }
    /// The descriptor watched.
    int fd() const noexcept { return fd_; }

    /// For backends: calls the callback, which may destroy the watch, and has what that made ready run.
    void notify(readiness ready) noexcept { loop_.ready(*this, ready); }

private:
    friend class loop;

    loop& loop_;
    int fd_;
    readiness wanted_ = readiness::none;
    callback function_;
    void* self_;
    std::unique_ptr<detail::watch_backend> backend_; // null once the loop is gone
};

} // namespace coda
