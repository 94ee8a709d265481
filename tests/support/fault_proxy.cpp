// SPDX-License-Identifier: BSL-1.0
#include "fault_proxy.hpp"

#include "proxied_connection.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace coda::test {

namespace {

timespec to_timespec(std::chrono::nanoseconds span) {
    auto const wait = std::max(span, std::chrono::nanoseconds{0});
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    return {.tv_sec = seconds.count(), .tv_nsec = (wait - seconds).count()};
}

} // namespace

fault_proxy::fault_proxy(endpoint upstream, endpoint listen)
    : upstream_(std::move(upstream)),
      door_(std::move(listen)),
      where_(door_.where()),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!wake_) throw_errno("eventfd");
    thread_ = std::thread{[this] { run(); }};
}

fault_proxy::~fault_proxy() {
    {
        std::lock_guard const lock{mutex_};
        stopping_ = true;
    }
    wake();
    thread_.join();
}

void fault_proxy::apply(fault_plan const& plan) {
    call([&] {
        standing_ = plan;
        next_count_ = 0;
        for (auto& [id, connection] : connections_) connection->apply(plan);
    });
}

void fault_proxy::apply_to_new(fault_plan const& plan) {
    call([&] { standing_ = plan; });
}

void fault_proxy::apply_to_next(std::size_t count, fault_plan const& plan) {
    call([&] {
        next_ = plan;
        next_count_ = count;
    });
}

bool fault_proxy::apply_to(connection_id id, fault_plan const& plan) {
    bool found = false;
    call([&] {
        auto* const connection = find(id);
        found = connection != nullptr;
        if (found) connection->apply(plan);
    });
    return found;
}

void fault_proxy::cut_now(cut how, direction d) {
    call([&] {
        for (auto& [id, connection] : connections_) connection->cut_now(how, d);
    });
}

bool fault_proxy::cut_now(connection_id id, cut how, direction d) {
    bool found = false;
    call([&] {
        auto* const connection = find(id);
        found = connection != nullptr;
        if (found) connection->cut_now(how, d);
    });
    return found;
}

void fault_proxy::refuse() {
    call([&] { door_.close(); });
}

void fault_proxy::accept_again() {
    call([&] { door_.reopen(); });
}

void fault_proxy::call(std::function<void()> action) {
    command order{.action = std::move(action), .done = {}};
    auto done = order.done.get_future();
    {
        std::lock_guard const lock{mutex_};
        commands_.push_back(std::move(order));
    }
    wake();
    done.get();
}

void fault_proxy::wake() {
    std::uint64_t const one = 1;
    // Fails only when the counter is full, and then the thread is about to wake up anyway.
    [[maybe_unused]] auto const n = ::write(wake_.get(), &one, sizeof one);
}

void fault_proxy::run() {
    for (;;) {
        run_commands();
        {
            std::lock_guard const lock{mutex_};
            if (stopping_) return;
        }
        poll_once();
    }
}

void fault_proxy::run_commands() {
    std::vector<command> orders;
    {
        std::lock_guard const lock{mutex_};
        orders.swap(commands_);
    }
    for (auto& order : orders) {
        try {
            // A client whose connect has returned is there for its test, accepted here or not.
            accept_waiting();
            order.action();
            std::erase_if(connections_, [](auto const& entry) { return entry.second->over(); });
            order.done.set_value();
        } catch (...) {
            order.done.set_exception(std::current_exception());
        }
    }
}

void fault_proxy::poll_once() {
    auto const now = std::chrono::steady_clock::now();
    std::vector<pollfd> polled{{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                               {.fd = door_.fd(), .events = POLLIN, .revents = 0}};
    std::optional<time_point> earliest;
    for (auto& [id, connection] : connections_) {
        auto const interest = connection->interest(now);
        polled.insert(polled.end(), interest.begin(), interest.end());
        auto const at = connection->wake_at(now);
        if (at && (!earliest || *at < *earliest)) earliest = at;
    }
    auto const timeout = to_timespec(earliest ? *earliest - now : std::chrono::nanoseconds{0});
    auto const n = ::ppoll(polled.data(), polled.size(), earliest ? &timeout : nullptr, nullptr);
    if (n < 0 && errno != EINTR) throw_errno("ppoll");
    if (n >= 0) on_polled(polled);
}

void fault_proxy::on_polled(std::vector<pollfd> const& polled) {
    auto const now = std::chrono::steady_clock::now();
    std::uint64_t ignored = 0;
    if (polled[0].revents != 0) {
        [[maybe_unused]] auto const n = ::read(wake_.get(), &ignored, sizeof ignored);
    }
    auto events = polled.begin() + 2;
    for (auto at = connections_.begin(); at != connections_.end();) {
        auto& connection = *at->second;
        connection.on_events({events[0], events[1]}, now);
        connection.advance(now);
        events += 2;
        at = connection.over() ? connections_.erase(at) : std::next(at);
    }
    if (polled[1].revents != 0) accept_waiting();
}

void fault_proxy::accept_waiting() {
    if (door_.fd() < 0) return;
    while (auto client = door_.accept()) {
        auto const plan = plan_for_next();
        auto const id = log_.accepted();
        if (plan.accept == on_accept::forward) {
            connections_.emplace(id,
                                 std::make_unique<proxied_connection>(std::move(client), upstream_, plan, id, log_));
        } else {
            plan.accept == on_accept::reset ? close_with_reset(client) : close_orderly(client);
            log_.closed(id);
        }
    }
}

fault_plan fault_proxy::plan_for_next() {
    if (next_count_ == 0) return standing_;
    --next_count_;
    return next_;
}

proxied_connection* fault_proxy::find(connection_id id) {
    auto const at = connections_.find(id);
    return at == connections_.end() ? nullptr : at->second.get();
}

} // namespace coda::test
