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

} // namespace coda
