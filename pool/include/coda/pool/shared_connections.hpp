// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/waiter.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

/// The few connections that a client multiplexes its requests over, where a pool lends each to one task alone. For
/// writers of drivers:
///
///     coda::shared_connections<session> shared(loop, [&] { return open_session(loop, uri); }, {.connections = 4});
///     session* least = shared.pick();                     // nullptr while none is open: co_await shared.wait()
namespace coda {

/// A connection that any number of tasks use at once; `pipelined_connection` has all of it.
///
/// - `usable()`: established, as far as is known. Never becomes true again.
/// - `load()`: requests that it has not answered.
/// - `idle()`: an event that is set while there are none.
/// - `lose(why)` ends it at once; those who wait on it end with `why`.
template <class C>
concept shareable = requires(C& c, C const& k, error const& why) {
    { k.usable() } noexcept -> std::same_as<bool>;
    { k.load() } noexcept -> std::same_as<std::size_t>;
    { c.idle() } noexcept -> std::same_as<event&>;
    { c.lose(why) } noexcept;
};

/// Bounds of shared connections. Whoever has them checks them.
struct sharing_options {
    std::size_t connections = 1;       ///< at most, at least 1
    std::size_t max_waiting = 100'000; ///< tasks that wait for one attempt to connect; more get errc::queue_full
    duration connect_timeout = std::chrono::seconds(10);
    duration drain_timeout = std::chrono::seconds(5); ///< how long `close` waits for what is in flight
};

namespace detail {

// Whether another connection should be opened, given those that are open, those being opened, and the load of the one
// that is least loaded: one at a time while there is none, then as long as all are busy.
bool should_open_another(std::size_t open, std::size_t opening, std::size_t limit, std::size_t least_load) noexcept;

// One attempt to connect, and who waits for it. Shared with them, since they may find the client gone.
class connect_attempt {
public:
    class wait;
    std::size_t waiting() const noexcept { return waiting_; }

protected:
    wait_queue waiters_;

private:
    std::size_t waiting_ = 0;
};

class connect_attempt::wait : public void_waiter {
public:
    explicit wait(connect_attempt& a) noexcept : attempt_(a) { ++attempt_.waiting_; }
    wait(wait const&) = delete;
    wait& operator=(wait const&) = delete;
    ~wait() { --attempt_.waiting_; }
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        return attempt_.waiters_.suspend(*this, h, ctx);
    }

private:
    connect_attempt& attempt_;
};

} // namespace detail

/// Finds the least loaded connection, opens more when all are busy, replaces those that were lost. At most two are
/// being opened at once: a peer that comes back is not stormed. One loop only. Connections are held by std::shared_ptr,
/// and must derive from std::enable_shared_from_this.
template <class Connection>
class shared_connections {
public:
    /// Opens one connection. Cancelled after connect_timeout and when the client is closed.
    using opener = std::function<operation<std::shared_ptr<Connection>>()>;

    shared_connections(loop& l, opener open, sharing_options options)
        : loop_(l), open_(std::move(open)), options_(options), background_(std::in_place, l) {
        connections_.reserve(options.connections);
    }
    ~shared_connections() { end(); }
    shared_connections(shared_connections const&) = delete;
    shared_connections& operator=(shared_connections const&) = delete;

    /// Ends all at once; who waits ends with errc::closed. To be called by the client's destructor: its operations hold
    /// this object from the call on (by std::shared_ptr, in the coroutine's frame), and may begin when the client is
    /// gone. `close` must have ended.
    void end() noexcept;

    /// The connection for the next request, or nullptr while none is open. Valid until the loop's next step. Costs a
    /// look at each connection.
    Connection* pick();

    /// Waits for the attempt to connect that is under way, for a connection for the next request. Errors, all not_sent:
    /// what the attempt failed with, queue_full, closed, and the context's reason when it is cancelled; the attempt
    /// goes on then.
    operation<std::shared_ptr<Connection>> wait();

    /// `pick` gives nullptr and `wait` fails with errc::closed from here on. Waits until what is in flight has ended
    /// (at most drain_timeout, or the context's deadline), then ends all connections.
    operation<> close();

    /// Where it is to be used.
    loop& home() const noexcept { return loop_; }
    /// Connections that are open now.
    std::size_t open() const noexcept {
        return static_cast<std::size_t>(std::ranges::count_if(connections_, [](auto const& c) { return c->usable(); }));
    }

private:
    struct attempt : detail::connect_attempt {
        void end(result<std::shared_ptr<Connection>> how) noexcept {
            outcome = std::move(how);
            this->waiters_.wake_all();
        }
        result<std::shared_ptr<Connection>> outcome = error(errc::closed);
    };

    void open_another();
    task<> open_one(std::shared_ptr<attempt> a);
    void lose_all() noexcept {
        for (auto const& c : connections_) c->lose(error(errc::closed));
    }

    loop& loop_;
    opener open_;
    sharing_options options_;
    std::vector<std::shared_ptr<Connection>> connections_;
    std::vector<std::shared_ptr<attempt>> attempts_; // under way
    bool closed_ = false;
    std::optional<scope> background_; // last: the tasks that open connections go first
};

template <class Connection>
void shared_connections<Connection>::end() noexcept {
    closed_ = true;
    background_.reset();
    for (auto const& a : attempts_) a->end(error(errc::closed));
    attempts_.clear();
    lose_all();
    connections_.clear();
    open_ = nullptr;
}

template <class Connection>
Connection* shared_connections<Connection>::pick() {
    static_assert(shareable<Connection>);
    if (closed_) return nullptr;
    Connection* least = nullptr;
    std::size_t load = std::numeric_limits<std::size_t>::max();
    bool lost = false;
    for (auto const& c : connections_) {
        if (!c->usable()) {
            lost = true;
        } else if (c->load() < load) {
            least = c.get();
            load = c->load();
        }
    }
    if (lost) std::erase_if(connections_, [](auto const& c) { return !c->usable(); });
    if (detail::should_open_another(connections_.size(), attempts_.size(), options_.connections, load)) open_another();
    return least;
}

template <class Connection>
operation<std::shared_ptr<Connection>> shared_connections<Connection>::wait() {
    context const& caller = co_await this_context();
    if (caller.loop != &loop_) co_return used_from_another_loop("a client");
    if (closed_) co_return error(errc::closed);
    if (Connection* const ready = pick()) co_return ready->shared_from_this();
    auto const under_way = attempts_.front();
    if (under_way->waiting() >= options_.max_waiting) co_return error(errc::queue_full);
    detail::connect_attempt::wait ended(*under_way);
    auto const waited = co_await as_result(ended);
    if (waited.has_error()) co_return waited.error();
    if (under_way->outcome.has_error()) co_return under_way->outcome;
    // All who waited come at once: the least loaded for each, and more are opened for them.
    if (Connection* const least = pick()) co_return least->shared_from_this();
    co_return under_way->outcome;
}

template <class Connection>
void shared_connections<Connection>::open_another() {
    attempts_.push_back(std::make_shared<attempt>());
    try {
        background_->spawn(open_one(attempts_.back()));
    } catch (std::bad_alloc const&) {
        attempts_.pop_back();
        throw;
    }
}

// Never fails: that would end the scope, and with it all later attempts.
template <class Connection>
task<> shared_connections<Connection>::open_one(std::shared_ptr<attempt> a) {
    result<std::shared_ptr<Connection>> made = error(make_error_code(boost::system::errc::not_enough_memory));
    try {
        made = co_await as_result(with_timeout(options_.connect_timeout, open_()));
        if (made.has_value() && closed_) made = error(errc::closed);
        if (made.has_value()) connections_.push_back(*made);
    } catch (std::bad_alloc const&) {
    } catch (std::exception const& e) {
        made = described(errc::not_connected, e.what());
    } catch (...) {
        made = error(errc::not_connected);
    }
    std::erase(attempts_, a);
    a->end(std::move(made));
}

template <class Connection>
operation<> shared_connections<Connection>::close() {
    context const& here = co_await this_context();
    if (here.loop != &loop_) co_return used_from_another_loop("a client");
    closed_ = true;
    time_point const latest = here.loop->now() + options_.drain_timeout;
    if (!background_) co_return result<>();
    background_->cancel(errc::closed);
    co_await background_->join();
    for (auto const& c : connections_) static_cast<void>(co_await as_result(with_deadline(latest, c->idle().wait())));
    lose_all();
    co_return result<>();
}

} // namespace coda
