// SPDX-License-Identifier: BSL-1.0
// The clients that wait for each reply: the plain program and the classic server, for any store.
#pragma once

#include "clients/client.hpp"
#include "measure/meter.hpp"
#include "plan.hpp"
#include "workloads/keys.hpp"
#include "workloads/query.hpp"
#include "workloads/workload.hpp"

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

namespace coda::bench {

/// A connection on which each query is sent and its reply waited for; one thread at a time. It connects
/// when it is constructed, and throws std::exception when it cannot.
template <class S>
concept blocking_session = requires(S& session, query q, std::int64_t key, std::int64_t& next) {
    // What went wrong, empty if nothing did; `next` is the key that leads on.
    { session.execute(q, key, next) } -> std::same_as<std::string>;
    // False once the connection is lost.
    { session.alive() } -> std::same_as<bool>;
};

/// A bounded number of sessions, all connected when it is constructed from a plan; any thread.
template <class P>
concept session_pool = std::constructible_from<P, plan const&> && requires(P& pool, std::size_t index) {
    // Waits until one is free. The index is below the plan's number of connections.
    { pool.acquire() } -> std::same_as<std::size_t>;
    pool.release(index);
    requires blocking_session<std::remove_cvref_t<decltype(pool[index])>>;
};

/// Does one operation of a workload.
/// @return what went wrong, empty if nothing did
template <class Session>
[[nodiscard]] std::string perform(Session& session, workload w, key_sequence& keys) {
    std::int64_t customer = 0;
    std::int64_t item = 0;
    std::int64_t unused = 0;
    auto const key = keys.next(account_count);
    if (w == workload::write) return session.execute(query::credit, key, unused);
    if (auto fault = session.execute(query::account, key, customer); !fault.empty() || w == workload::read)
        return fault;
    if (auto fault = session.execute(query::session, customer, unused); !fault.empty()) return fault;
    if (auto fault = session.execute(query::settings, customer, unused); !fault.empty()) return fault;
    if (auto fault = session.execute(query::order, customer, item); !fault.empty()) return fault;
    return session.execute(query::item, item, unused);
}

/// The plain program: one thread, one connection, one query at a time.
template <blocking_session Session>
    requires std::constructible_from<Session, plan const&>
void run_sync(plan const& p, meter& m) {
    Session session(p);
    auto const work = find_workload(p.what.workload).id;
    key_sequence keys(p.seed, 0);
    for (auto now = clock::now(); m.running();) {
        auto const started = now;
        auto const fault = perform(session, work, keys);
        now = clock::now();
        if (fault.empty())
            m.complete(0, started, now);
        else
            m.fail(0, fault);
        if (!session.alive()) m.give_up("connection lost: " + fault);
        m.tick(now);
    }
}

/// Hands a returned session to whoever has waited longest. Without that order the thread that returns a
/// session takes it again for its next request: a lucky few do all the work, the others starve, and the
/// median latency is that of the lucky.
template <blocking_session Session>
class fair_pool {
public:
    explicit fair_pool(plan const& p) {
        for (std::size_t i = 0; i < p.what.connections; ++i) {
            sessions_.push_back(std::make_unique<Session>(p));
            idle_.push_back(i);
        }
    }

    std::size_t acquire() {
        std::unique_lock lock(mutex_);
        if (!idle_.empty()) {
            auto const index = idle_.back();
            idle_.pop_back();
            return index;
        }
        waiter self;
        waiting_.push_back(&self);
        self.served.wait(lock, [&] { return self.index.has_value(); });
        return *self.index;
    }

    void release(std::size_t index) {
        std::lock_guard const lock(mutex_);
        if (waiting_.empty()) {
            idle_.push_back(index);
            return;
        }
        auto& next = *waiting_.front();
        waiting_.pop_front();
        next.index = index;
        next.served.notify_one(); // under the lock: the waiter is gone as soon as it sees its index
    }

    Session& operator[](std::size_t index) { return *sessions_[index]; }

private:
    struct waiter {
        std::condition_variable served;
        std::optional<std::size_t> index;
    };

    std::mutex mutex_;
    std::vector<std::unique_ptr<Session>> sessions_;
    std::vector<std::size_t> idle_;
    std::deque<waiter*> waiting_;
};

/// What one thread of `run_threads` does: a request after the other, each on a session of its own.
template <class Pool>
void serve_requests(plan const& p, meter& m, Pool& pool, workload work, std::uint64_t stream) {
    key_sequence keys(p.seed, stream);
    while (m.running()) {
        auto const started = clock::now();
        auto const index = pool.acquire();
        auto const fault = perform(pool[index], work, keys);
        if (fault.empty())
            m.complete(index, started, clock::now());
        else
            m.fail(index, fault);
        if (!pool[index].alive()) m.give_up("connection lost: " + fault);
        pool.release(index);
    }
}

/// The classic server: a thread for each request in flight. A request takes a session from a bounded
/// pool, keeps it for all its queries, and waits while none is free.
template <session_pool Pool>
void run_threads(plan const& p, meter& m) {
    Pool pool(p);
    auto const work = find_workload(p.what.workload).id;
    std::vector<std::jthread> threads;
    threads.reserve(p.what.concurrency);
    try {
        for (std::uint32_t i = 0; i < p.what.concurrency; ++i)
            threads.emplace_back([&, i] { serve_requests(p, m, pool, work, i); });
    } catch (std::system_error const& e) {
        m.give_up(std::string("cannot start a thread: ") + e.what());
    }
    while (m.running()) {
        std::this_thread::sleep_until(m.next_tick());
        m.tick(clock::now());
    }
}

/// `run_sync` as a client.
[[nodiscard]] constexpr client sync_client(std::string_view about, void (*run)(plan const&, meter&)) {
    return {.name = "sync",
            .about = about,
            .loops = no_loop,
            .most_in_flight = 1,
            .why_not_more = "one blocking thread has one query in flight",
            .most_connections = 1,
            .run = run,
            .lane_per_connection = false};
}

/// `run_threads` as a client.
[[nodiscard]] constexpr client threads_client(std::string_view about, void (*run)(plan const&, meter&)) {
    return {.name = "threads",
            .about = about,
            .loops = no_loop,
            .most_in_flight = 1000,
            .why_not_more = "more than 1,000 threads are beyond what such a server is run with",
            .most_connections = unlimited,
            .run = run,
            .lane_per_connection = true};
}

} // namespace coda::bench
