// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/detail/tenure.hpp>
#include <coda/runtime/error.hpp>
#include <coda/runtime/loop.hpp>

#include <cassert>

namespace coda {

class loop::visit {
public:
    explicit visit(loop& l) noexcept : loop_(l) { loop_.visitors_.fetch_add(1, std::memory_order_relaxed); }
    ~visit() { loop_.visitors_.fetch_sub(1, std::memory_order_release); }
    visit(visit const&) = delete;

private:
    loop& loop_;
};

loop::~loop() { detach_all(); }

void loop::refuse_second_run() const {
    // A loop adopted from the user is in a turn without `run`; only the thread that runs it may ask.
    bool const nested = thread_.load(std::memory_order_relaxed) == std::this_thread::get_id() && in_turn_;
    bool const busy = nested || running_.load(std::memory_order_acquire);
    assert(!busy && "loop::run of a loop that runs already");
    if (busy) throw exception(error(make_error_code(errc::invalid_argument), "loop::run: the loop runs already"));
}

void loop::run() {
    refuse_second_run();
    struct running {
        explicit running(loop& l) noexcept : owner(l) {
            owner.running_.store(true, std::memory_order_release);
            owner.thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
        }
        ~running() {
            owner.thread_.store(std::thread::id(), std::memory_order_relaxed);
            owner.running_.store(false, std::memory_order_release);
        }
        running(running const&) = delete;
        loop& owner;
    } const here(*this);
    detail::tenure const tenure(*this);
    if (stopped_.exchange(false, std::memory_order_acq_rel)) return;
    ask_for_turn();
    run_backend();
    stopped_.store(false, std::memory_order_release);
}

void loop::stop() noexcept {
    visit const here(*this);
    stopped_.store(true, std::memory_order_release);
    stop_backend();
}

void loop::schedule(resumption& r) noexcept {
    assert(in_loop_thread() && "a coroutine was resumed from a thread that is not its loop's");
    if (!in_loop_thread()) [[unlikely]]
        return post([this, &r] { schedule(r); });
    ready_.push_back(r);
    ask_for_turn();
}

void loop::arm(timer& t, time_point when) noexcept {
    assert(in_loop_thread() && "a timer was armed on a thread that is not its loop's");
    timers_.insert(t, when);
    if (when < backend_timer_) ask_for_turn();
}

void loop::disarm(timer& t) noexcept {
    assert((!t.armed() || in_loop_thread()) && "a timer was disarmed on a thread that is not its loop's");
    timers_.remove(t);
}

void loop::defer(deferred& d) noexcept {
    assert(in_loop_thread() && "a function was deferred on a thread that is not its loop's");
    if (d.linked()) return;
    deferred_.push_back(d);
    ask_for_turn();
}

// Within a turn its end looks after what is left.
void loop::ask_for_turn() noexcept {
    if (in_turn_ || turn_requested_) return;
    turn_requested_ = true;
    request_turn();
}

void loop::turn() noexcept {
    turn_requested_ = false;
    if (in_turn_) return run_posted(); // a coroutine polls an adopted backend itself: no other runs inside of it
    begin_turn();
    run_posted();
    fire_timers();
    end_turn();
}

// Posted functions and timers have a turn of their own on its way. Where coroutines are left of the turn before, so
// have they: they take as much of the time as if no descriptor were ready, and descriptors do not wait for them one by
// one.
void loop::ready(fd_watch& watch, readiness r) noexcept {
    if (in_turn_ || !ready_.empty()) return watch.function_(watch.self_, r);
    begin_turn();
    watch.function_(watch.self_, r);
    end_turn();
}

void loop::begin_turn() noexcept {
    thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    now_valid_ = false;
    in_turn_ = true;
}

void loop::end_turn() noexcept {
    resume_ready();
    run_deferred();
    in_turn_ = false;
    if (!ready_.empty() || !deferred_.empty()) ask_for_turn();
    update_backend_timer();
    now_valid_ = false; // nobody knows how long the loop waits from here
}

void loop::fire_timers() noexcept {
    if (timers_.empty()) return;
    time_point const due = now();
    while (timers_.fire_one(due)) {}
}

void loop::resume_ready() noexcept {
    int awaits = 0;
    resuming_ = true;
    for (int n = 0; n + awaits / awaits_like_one_resumption < resumptions_per_turn && !ready_.empty(); ++n) {
        if (n % resumptions_per_clock_reading == 0) now_valid_ = false;
        budget_ = awaits_per_resumption;
        ready_.pop_front().handle.resume();
        awaits += awaits_per_resumption - budget_;
    }
    resuming_ = false;
}

void loop::run_deferred() noexcept {
    detail::intrusive_list<deferred> batch; // who defers again meanwhile runs next turn
    batch.splice_back(deferred_);
    while (!batch.empty()) {
        deferred& d = batch.pop_front();
        d.function_(d);
    }
}

// Moved only when the earliest timer is earlier than what is set: a timer that was disarmed costs one idle wake-up, not
// a system call each time.
void loop::update_backend_timer() noexcept {
    time_point const earliest = timers_.earliest();
    if (backend_shared_ && timers_.empty() && backend_timer_ != no_deadline) {
        backend_timer_ = no_deadline;
        return set_backend_timer(no_deadline);
    }
    if (backend_timer_ <= now_ && now_valid_) backend_timer_ = no_deadline;
    if (earliest >= backend_timer_) return;
    backend_timer_ = earliest;
    set_backend_timer(earliest);
}

void loop::refresh_now() noexcept {
    now_ = read_clock();
    now_valid_ = in_turn_;
}

// Once it is in the list, `p` is the loop's thread's, which may have deleted it.
void loop::enqueue(detail::posted& p) noexcept {
    visit const here(*this);
    detail::posted* newest = posted_.load(std::memory_order_relaxed);
    do {
        p.next = newest;
    } while (!posted_.compare_exchange_weak(newest, &p, std::memory_order_release, std::memory_order_relaxed));
    if (newest == nullptr) wake();
}

void loop::run_posted() noexcept {
    detail::posted* newest = posted_.exchange(nullptr, std::memory_order_acquire);
    detail::posted* oldest = nullptr;
    while (newest != nullptr) {
        detail::posted* next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != nullptr) {
        detail::posted& p = *std::exchange(oldest, oldest->next);
        p.run();
        p.dispose();
    }
}

void loop::detach_all() noexcept {
    while (visitors_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
    assert(ready_.empty() && timers_.empty() && "a loop was destroyed with coroutines on it");
    assert(watches_.empty() && "a loop was destroyed with descriptors watched");
    while (!ready_.empty()) ready_.pop_front();
    while (!watches_.empty()) watches_.pop_front().backend_.reset();
    while (!deferred_.empty()) deferred_.pop_front();
    timers_.clear();
    // What is destroyed here may post in its turn.
    while (auto* p = posted_.exchange(nullptr, std::memory_order_acquire))
        while (p != nullptr) std::exchange(p, p->next)->dispose();
}

fd_watch::fd_watch(loop& l, int fd, callback function, void* self)
    : loop_(l), fd_(fd), function_(function), self_(self), backend_(l.watch(fd, *this)) {
    l.watches_.push_back(*this);
}

fd_watch::~fd_watch() = default;

error used_from_another_loop(std::string_view what) noexcept {
    error_code const code = make_error_code(errc::invalid_argument);
    try {
        return {code, std::string(what) + " was used from another loop than its own"};
    } catch (std::bad_alloc const&) {
        return code;
    }
}

} // namespace coda
