// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/asio_loop.hpp>
#include <coda/runtime/loop_group.hpp>
#include <coda/runtime/option_check.hpp>
#ifdef CODA_HAS_LIBEV
#include <coda/runtime/ev_loop.hpp>
#endif

#include "start_thread.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <latch>
#include <system_error>

namespace coda {

namespace {

std::vector<std::size_t> usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<std::size_t> cpus;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    if (cpus.empty()) cpus.push_back(0);
    return cpus;
}

void pin_to(std::thread& thread, std::size_t cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    int const failure = pthread_setaffinity_np(thread.native_handle(), sizeof set, &set);
    if (failure != 0) throw std::system_error(failure, std::system_category(), "loop_group_options.pin");
}

std::unique_ptr<loop> make_loop(loop_backend backend) {
    if (backend == loop_backend::asio) return std::make_unique<asio_loop>();
#ifdef CODA_HAS_LIBEV
    if (backend == loop_backend::ev) return std::make_unique<ev_loop>();
#endif
    throw exception(
        error(errc::invalid_argument, fmt::format("loop_group_options.backend is {}: this build has no such backend",
                                                  static_cast<int>(backend))));
}

} // namespace

loop_group::loop_group(loop_group_options options) {
    check_range("loop_group_options.loops", options.loops, 0, 1024).value();
    auto const cpus = usable_cpus();
    members_.resize(options.loops != 0 ? options.loops : cpus.size());
    for (auto& m : members_) m.loop = make_loop(options.backend);
    auto const running = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(members_.size()));
    try {
        for (std::size_t i = 0; i < size(); ++i) {
            auto& m = members_[i];
            m.thread = detail::start_thread("coda-loop", [l = m.loop.get()] { l->run(); });
            if (options.pin) pin_to(m.thread, cpus[i % cpus.size()]);
        }
        for (auto& m : members_) m.loop->post([running] { running->count_down(); });
    } catch (...) {
        stop_and_join();
        throw;
    }
    running->wait();
}

loop_group::~loop_group() { stop_and_join(); }

void loop_group::stop_and_join() noexcept {
    for (auto& m : members_)
        if (m.thread.joinable()) m.loop->stop();
    for (auto& m : members_)
        if (m.thread.joinable()) m.thread.join();
}

namespace detail {

remote_run::remote_run(context const& caller, coda::loop& target) noexcept
    : home_(*caller.loop),
      target_(target),
      trace_(caller.trace != nullptr ? *caller.trace : trace_context()),
      context_{&target, source_.token(), caller.deadline, caller.trace != nullptr ? &trace_ : nullptr} {}

// Has `function()` called on the target, unless the caller and with it the task are gone by then.
template <class F>
void remote_run::send(F function) noexcept {
    target_.post([self = std::static_pointer_cast<remote_run>(shared_from_this()), function] {
        if (!self->recalled_) function(*self);
    });
}

void remote_run::depart(waiter& w) noexcept {
    begin(w);
    ++answers_due_;
    send([](remote_run& self) { self.start_child(self.context_, self); });
}

// The request may cross the end of the task on the way: it is answered too, so that no request is left behind.
void remote_run::cancel(error_code reason) noexcept {
    ++answers_due_;
    send([reason](remote_run& self) {
        self.source_.request(reason);
        self.answer();
    });
}

void remote_run::answer() noexcept {
    home_.post([self = std::static_pointer_cast<remote_run>(shared_from_this())] {
        if (--self->answers_due_ == 0) self->end_here({});
    });
}

// Done where the function that carries it is destroyed: after it ran, or with the target's queue.
class remote_run::destruction {
public:
    explicit destruction(std::shared_ptr<remote_run> run) noexcept : run_(std::move(run)) {}
    destruction(destruction&&) noexcept = default;
    ~destruction() {
        if (run_ == nullptr) return;
        run_->recalled_ = true;
        run_->destroy_child();
        run_->destroyed_.count_down();
    }
    void operator()() const noexcept {}

private:
    std::shared_ptr<remote_run> run_;
};

void remote_run::recall() noexcept {
    abandon();
    if (target_.in_loop_thread()) {
        recalled_ = true;
        return destroy_child();
    }
    target_.post(destruction(std::static_pointer_cast<remote_run>(shared_from_this())));
    destroyed_.wait();
}

} // namespace detail

} // namespace coda
