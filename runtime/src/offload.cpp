// SPDX-License-Identifier: BSL-1.0
#include "start_thread.hpp"

#include <coda/runtime/offload.hpp>
#include <coda/runtime/option_check.hpp>

#include <condition_variable>
#include <system_error>
#include <vector>

namespace coda {

namespace detail {

class offload_queue {
public:
    explicit offload_queue(offload_options options) noexcept : options_(options) {}

    // What became of the job's wish to leave.
    enum class leaving { was_queued, is_running, has_ended };

    // Accepts the job, or tells why not.
    error_code submit(std::shared_ptr<offload_job> const& job) noexcept {
        std::lock_guard const lock(mutex_);
        if (closed_) return errc::closed;
        if (queued_ + running_ >= options_.threads + options_.max_queued) return errc::queue_full;
        if (queued_ >= idle_)
            if (auto const failure = add_thread()) return failure;
        job->state_ = offload_job::state::queued;
        job->self_ = job;
        jobs_.push_back(*job);
        ++queued_;
        work_.notify_one();
        return {};
    }

    leaving leave(offload_job& job) noexcept {
        std::shared_ptr<offload_job> gone;
        {
            std::lock_guard const lock(mutex_);
            if (job.state_ == offload_job::state::running) return leaving::is_running;
            if (job.state_ != offload_job::state::queued) return leaving::has_ended;
            job.state_ = offload_job::state::ended;
            gone = take(job);
        }
        gone->drop();
        return leaving::was_queued;
    }

    // Drops what is queued and waits for what runs.
    void close() {
        std::unique_lock lock(mutex_);
        closed_ = true;
        work_.notify_all();
        while (!jobs_.empty()) {
            auto job = take(jobs_.front());
            job->state_ = offload_job::state::ended;
            lock.unlock();
            job->drop();
            job->end(errc::closed);
            job.reset();
            lock.lock();
        }
        lock.unlock();
        for (auto& thread : threads_) thread.join();
    }

    std::size_t queued() const {
        std::lock_guard const lock(mutex_);
        return queued_;
    }
    std::size_t running() const {
        std::lock_guard const lock(mutex_);
        return running_;
    }

private:
    std::shared_ptr<offload_job> take(offload_job& job) noexcept {
        job.unlink();
        --queued_;
        return std::exchange(job.self_, nullptr);
    }

    // One more thread, if there may be one; an error only if there is none at all.
    error_code add_thread() noexcept {
        if (threads_.size() == options_.threads) return {};
        try {
            threads_.reserve(options_.threads);
            threads_.push_back(start_thread("coda-offload", [this] { run(); }));
        } catch (std::system_error const& e) {
            if (threads_.empty()) return {e.code().value(), boost::system::system_category()};
        } catch (std::bad_alloc const&) {
            if (threads_.empty()) return {ENOMEM, boost::system::system_category()};
        }
        return {};
    }

    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            ++idle_;
            work_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
            --idle_;
            if (jobs_.empty()) return;
            auto job = take(jobs_.front());
            job->state_ = offload_job::state::running;
            ++running_;
            lock.unlock();
            job->call();
            lock.lock();
            job->state_ = offload_job::state::ended;
            --running_;
            lock.unlock();
            job->end();
            job.reset();
            lock.lock();
        }
    }

    offload_options const options_;
    mutable std::mutex mutex_;
    std::condition_variable work_;
    intrusive_list<offload_job> jobs_;
    std::size_t queued_ = 0;
    std::size_t running_ = 0;
    std::size_t idle_ = 0;
    bool closed_ = false;
    std::vector<std::thread> threads_;
};

offload_waiter::offload_waiter(std::shared_ptr<offload_queue> queue, std::shared_ptr<offload_job> job) noexcept
    : waiter(&offload_waiter::cancelled), queue_(std::move(queue)), job_(std::move(job)) {}

offload_waiter::~offload_waiter() {
    if (!waiting()) return;
    queue_->leave(*job_);
    job_->abandon();
}

bool offload_waiter::await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
    if (!suspend(h, ctx)) return false;
    job_->begin(*this);
    auto const refused = queue_->submit(job_);
    if (!refused.failed()) return true;
    job_->abandon();
    fail(refused);
    return true;
}

void offload_waiter::cancelled(waiter& w) noexcept {
    auto& self = static_cast<offload_waiter&>(w);
    auto const found = self.queue_->leave(*self.job_);
    if (found == offload_queue::leaving::has_ended) return; // its result is on the way
    if (found == offload_queue::leaving::is_running) self.outcome_ = outcome::unknown;
    self.job_->abandon();
    self.fail(self.ctx()->cancel.reason());
}

} // namespace detail

namespace {

offload_options checked(offload_options options) {
    first_error({check_range("offload_options.threads", options.threads, 1, 1024),
                 check_range("offload_options.max_queued", options.max_queued, 0, 1048576)})
        .value();
    return options;
}

} // namespace

thread_pool::thread_pool(offload_options options) : queue_(std::make_shared<detail::offload_queue>(checked(options))) {}

thread_pool::~thread_pool() { queue_->close(); }

std::size_t thread_pool::queued() const { return queue_->queued(); }

std::size_t thread_pool::running() const { return queue_->running(); }

thread_pool& default_thread_pool() {
    static thread_pool& pool = *new thread_pool();
    return pool;
}

} // namespace coda
