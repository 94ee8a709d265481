// SPDX-License-Identifier: BSL-1.0
// The classic server: a thread for each request in flight. A request takes a connection from a bounded
// pool, keeps it for all its queries, and waits while none is free.
#include "clients/client.hpp"
#include "clients/postgres/blocking_session.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace coda::bench::postgres {
namespace {

// Hands a returned connection to whoever has waited longest. Without that order the thread that returns a
// connection takes it again for its next request: a lucky few do all the work, the others starve, and the
// median latency is that of the lucky.
class session_pool {
public:
    session_pool(std::string const& conninfo, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            sessions_.push_back(std::make_unique<blocking_session>(conninfo));
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

    blocking_session& operator[](std::size_t index) { return *sessions_[index]; }

private:
    struct waiter {
        std::condition_variable served;
        std::optional<std::size_t> index;
    };

    std::mutex mutex_;
    std::vector<std::size_t> idle_;
    std::deque<waiter*> waiting_;
    std::vector<std::unique_ptr<blocking_session>> sessions_;
};

// Reports to the lane of the connection while it is still held: that is what makes a lane's writer one.
void serve(plan const& p, meter& m, session_pool& pool, workload work, std::uint64_t stream) {
    key_sequence keys(p.seed, stream);
    while (m.running()) {
        auto const started = clock::now();
        auto const index = pool.acquire();
        auto const fault = pool[index].perform(work, keys);
        if (fault.empty())
            m.complete(index, started, clock::now());
        else
            m.fail(index, fault);
        if (!pool[index].alive()) m.give_up("connection lost: " + fault);
        pool.release(index);
    }
}

void run(plan const& p, meter& m) {
    session_pool pool(p.conninfo, p.what.connections);
    auto const work = find_workload(p.what.workload).id;
    std::vector<std::jthread> threads;
    threads.reserve(p.what.concurrency);
    try {
        for (std::uint32_t i = 0; i < p.what.concurrency; ++i)
            threads.emplace_back([&, i] { serve(p, m, pool, work, i); });
    } catch (std::system_error const& e) {
        m.give_up(std::string("cannot start a thread: ") + e.what());
    }
    while (m.running()) {
        std::this_thread::sleep_until(m.next_tick());
        m.tick(clock::now());
    }
}

} // namespace

extern client const threads_client;
client const threads_client{
    .store = "postgres",
    .name = "threads",
    .about = "blocking libpq: a thread per request in flight, sharing a bounded pool of connections",
    .loops = no_loop,
    .most_in_flight = 1000,
    .why_not_more = "more than 1,000 threads are beyond what such a server is run with",
    .most_connections = unlimited,
    .run = run,
    .lane_per_connection = true,
};

} // namespace coda::bench::postgres
