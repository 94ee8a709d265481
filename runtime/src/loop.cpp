// SPDX-License-Identifier: BSL-1.0
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

void loop::run() {
    thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    if (!stopped_.exchange(false, std::memory_order_acq_rel)) {
        ask_for_turn();
        run_backend();
        stopped_.store(false, std::memory_order_release);
    }
    thread_.store(std::thread::id(), std::memory_order_relaxed);
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
    timers_.insert(t, when);
    if (when < backend_timer_) ask_for_turn();
}

void loop::disarm(timer& t) noexcept { timers_.remove(t); }

void loop::defer(deferred& d) noexcept {
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
    thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    turn_requested_ = false;
    now_valid_ = false;
    in_turn_ = true;
    run_posted();
    fire_timers();
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
    for (int n = 0; n + awaits / awaits_like_one_resumption < resumptions_per_turn && !ready_.empty(); ++n) {
        if (n % resumptions_per_clock_reading == 0) now_valid_ = false;
        budget_ = awaits_per_resumption;
        ready_.pop_front().handle.resume();
        awaits += awaits_per_resumption - budget_;
    }
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
        std::unique_ptr<detail::posted> p(oldest);
        oldest = oldest->next;
        p->run();
    }
}

void loop::detach_all() noexcept {
    while (visitors_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
    assert(ready_.empty() && timers_.empty() && "a loop was destroyed with coroutines on it");
    while (!ready_.empty()) ready_.pop_front();
    while (!deferred_.empty()) deferred_.pop_front();
    timers_.clear();
    // What is destroyed here may post in its turn.
    while (auto* p = posted_.exchange(nullptr, std::memory_order_acquire))
        while (p != nullptr) delete std::exchange(p, p->next);
}

fd_watch::fd_watch(loop& l, int fd, callback function, void* self)
    : fd_(fd), function_(function), self_(self), backend_(l.watch(fd, *this)) {}

fd_watch::~fd_watch() = default;

} // namespace coda
