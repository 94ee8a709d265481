// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/current_failure.hpp>
#include <coda/pool/detail/sharing_core.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>

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
/// - `ended()`: an event that is set when it is no longer usable, and `why_lost()` then.
/// - `lose(why)` ends it at once; those who wait on it end with `why`.
template <class C>
concept shareable = requires(C& c, C const& k, error const& why) {
    { k.usable() } noexcept -> std::same_as<bool>;
    { k.load() } noexcept -> std::same_as<std::size_t>;
    { c.idle() } noexcept -> std::same_as<event&>;
    { c.ended() } noexcept -> std::same_as<event&>;
    { k.why_lost() } noexcept -> std::same_as<error const&>;
    { c.lose(why) } noexcept;
};

/// Finds the least loaded connection, opens more when all are busy, replaces those that were lost when they are needed.
/// One is opened at a time while none is open, else two at most: a peer that comes back is not stormed. After an
/// attempt has failed the next is made after first_backoff, then twice that, at most max_backoff, each time a random
/// part of it, half to the whole; while none is open in the background until one succeeds, unless the error is
/// `permanent` (error::kind): then when somebody asks.
///
/// One loop only. Connections are held by std::shared_ptr, and must derive from std::enable_shared_from_this.
template <class Connection>
class shared_connections {
public:
    /// Opens one connection. Cancelled after connect_timeout and when the client is closed.
    using opener = std::function<operation<std::shared_ptr<Connection>>()>;

    shared_connections(loop& l, opener open, sharing_options options)
        : loop_(l), open_(std::move(open)), options_(options), core_(options), background_(std::in_place, l) {
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

    /// Waits for a connection for the next request, until one is open or the next attempt to open one has failed, at
    /// most wait_timeout.
    /// Errors, all not_sent: what the attempt failed with, queue_full and timed_out (with `acquire_error`), closed, and
    /// the context's reason when it is cancelled; the attempt goes on then.
    operation<std::shared_ptr<Connection>> wait();

    /// `pick` gives nullptr and `wait` fails with errc::closed from here on. Waits until what is in flight has ended
    /// (at most drain_timeout, or the context's deadline), then ends all connections. May be called again.
    operation<> close();

    /// Where it is to be used.
    loop& home() const noexcept { return loop_; }
    /// Connections that are open now.
    std::size_t open() const noexcept {
        return static_cast<std::size_t>(std::ranges::count_if(connections_, &member::usable));
    }
    /// What it knows of itself. `in_use`: connections with requests that were not answered; `idle`: those without;
    /// `waiters`: requests that wait for a connection to be opened, and `wait`: those that have; `handed_out`: requests
    /// that were given one. Connections are not leased: there is no `hold`. Takes microseconds: for a page of metrics.
    pool_statistics statistics() const noexcept;

private:
    struct member {
        member() = default;
        member(std::shared_ptr<Connection> c, std::uint64_t n) noexcept : connection(std::move(c)), number(n) {}
        bool usable() const noexcept { return connection->usable(); }

        std::shared_ptr<Connection> connection;
        std::uint64_t number = 0;
    };

    pool_counts counts() const noexcept;
    void open_another();
    task<> keep_one();
    task<member> open_one();
    task<result<std::shared_ptr<Connection>>> attempt();
    void forget_lost() noexcept;
    void lose_all() noexcept;
    void leave_nobody_waiting() noexcept;
    void refuse_all(error const& why) noexcept {
        while (!waiters_.empty()) static_cast<detail::connection_wait&>(waiters_.front()).refuse(why);
    }

    loop& loop_;
    opener open_;
    sharing_options options_;
    detail::sharing_core core_;
    std::vector<member> connections_;
    wait_queue waiters_; // each a detail::connection_wait
    std::size_t waiting_ = 0;
    std::size_t opening_ = 0; // tasks that open a connection, or will when it is time
    std::uint64_t handed_out_ = 0;
    bool closed_ = false;
    std::optional<scope> background_; // last: the tasks that open connections go first
};

template <class Connection>
void shared_connections<Connection>::end() noexcept {
    closed_ = true;
    background_.reset();
    refuse_all(error(errc::closed));
    lose_all();
    core_.closed();
    open_ = nullptr;
}

template <class Connection>
Connection* shared_connections<Connection>::pick() {
    static_assert(shareable<Connection>);
    if (closed_) return nullptr;
    Connection* least = nullptr;
    std::size_t load = std::numeric_limits<std::size_t>::max();
    std::size_t open = 0;
    for (auto const& m : connections_) {
        if (!m.usable()) continue; // about to be forgotten
        ++open;
        if (m.connection->load() >= load) continue;
        least = m.connection.get();
        load = least->load();
    }
    if (detail::should_open_another(open, opening_, options_.connections, load)) open_another();
    if (least != nullptr) ++handed_out_;
    return least;
}

template <class Connection>
operation<std::shared_ptr<Connection>> shared_connections<Connection>::wait() {
    context const& caller = co_await this_context();
    if (caller.loop != &loop_) co_return used_from_another_loop("a client");
    if (closed_) co_return error(errc::closed);
    if (Connection* const ready = pick()) co_return ready->shared_from_this();
    time_point const since = loop_.now();
    if (opening_ == 0) co_return core_.not_served(*core_.last_error(), {}, counts()); // it is not time to try again
    if (waiting_ >= options_.max_waiting) co_return core_.not_served(error(errc::queue_full), {}, counts());
    {
        detail::deadline_context const bounded(caller, since + options_.wait_timeout);
        detail::connection_wait turn(waiters_, waiting_);
        auto const waited = co_await in_context(bounded.get(), as_result(turn));
        if (waited.has_error()) co_return core_.not_served(waited.error(), loop_.now() - since, counts());
    }
    // All who waited come at once: the least loaded for each, and more are opened for them.
    Connection* const least = pick();
    if (closed_) co_return error(errc::closed);
    if (least == nullptr) co_return described(errc::connection_lost, "it was lost as soon as it was open");
    core_.served(loop_.now() - since);
    co_return least->shared_from_this();
}

template <class Connection>
void shared_connections<Connection>::open_another() {
    if (!core_.may_open(open() == 0, loop_.now())) return;
    ++opening_;
    try {
        background_->spawn(keep_one());
    } catch (std::bad_alloc const&) {
        --opening_;
        throw;
    }
}

// A connection from the first attempt to open it to its end. Never fails: that would end the scope, and with it all
// others.
template <class Connection>
task<> shared_connections<Connection>::keep_one() {
    member mine;
    try {
        mine = co_await open_one();
    } catch (std::bad_alloc const&) {
        refuse_all(detail::current_failure());
    }
    --opening_;
    if (mine.connection == nullptr) {
        leave_nobody_waiting();
        co_return;
    }
    forget_lost(); // so that there is room
    connections_.push_back(mine);
    waiters_.wake_all();
    static_cast<void>(co_await as_result(mine.connection->ended().wait()));
    if (!closed_) forget_lost();
}

// Who came between an attempt's end and here waits for the next one, which nobody will begin.
template <class Connection>
void shared_connections<Connection>::leave_nobody_waiting() noexcept {
    if (closed_ || opening_ > 0) return;
    if (auto const& why = core_.last_error(); why && open() == 0)
        refuse_all(*why);
    else
        waiters_.wake_all();
}

// Gives one without a connection where trying on would help nobody.
template <class Connection>
auto shared_connections<Connection>::open_one() -> task<member> {
    while (true) {
        if (loop_.now() < core_.retry_at()) {
            auto const slept = co_await as_result(sleep_until(core_.retry_at()));
            if (slept.has_error() || open() != 0) break;
        }
        auto one = attempt(); // without memory for it there is none
        time_point const begun = loop_.now();
        auto const number = core_.begun();
        auto const made = co_await std::move(one);
        if (closed_) {
            core_.given_up(number);
            break;
        }
        if (made.has_value()) {
            core_.connected(number, loop_.now() - begun);
            co_return member(*made, number);
        }
        core_.failed(number, made.error(), loop_.now());
        refuse_all(made.error());
        if (open() != 0 || opening_ > 1 || core_.hopeless()) break;
    }
    co_return member();
}

// What the opener gives, if it is a connection that can be used.
template <class Connection>
auto shared_connections<Connection>::attempt() -> task<result<std::shared_ptr<Connection>>> {
    try {
        auto made = co_await as_result(with_timeout(options_.connect_timeout, open_()));
        if (made.has_value() && *made == nullptr) co_return error(errc::not_connected);
        if (made.has_value() && !(*made)->usable()) co_return (*made)->why_lost();
        co_return made;
    } catch (...) {
        co_return detail::current_failure();
    }
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
    refuse_all(error(errc::closed));
    auto const all = connections_; // another call may end sooner
    for (auto const& m : all) static_cast<void>(co_await as_result(with_deadline(latest, m.connection->idle().wait())));
    lose_all();
    core_.closed();
    co_return result<>();
}

template <class Connection>
void shared_connections<Connection>::forget_lost() noexcept {
    std::erase_if(connections_, [this](member const& m) {
        if (m.usable()) return false;
        core_.ended(m.number, close_reason::error, &m.connection->why_lost());
        return true;
    });
}

template <class Connection>
void shared_connections<Connection>::lose_all() noexcept {
    forget_lost();
    for (auto const& m : connections_) {
        m.connection->lose(error(errc::closed));
        core_.ended(m.number, close_reason::pool_closed, nullptr);
    }
    connections_.clear();
}

template <class Connection>
pool_counts shared_connections<Connection>::counts() const noexcept {
    pool_counts c = core_.counts();
    for (auto const& m : connections_) {
        if (!m.usable())
            ++c.closed;
        else
            ++(m.connection->load() == 0 ? c.idle : c.in_use);
    }
    c.waiters = waiting_;
    c.handed_out = handed_out_;
    return c;
}

template <class Connection>
pool_statistics shared_connections<Connection>::statistics() const noexcept {
    auto s = core_.statistics(counts());
    if (closed_) s.state = pool_state::closed;
    return s;
}

} // namespace coda
