// SPDX-License-Identifier: BSL-1.0
// Coroutines: a task for each request in flight, all on one thread and loop, for any store.
#pragma once

#include "clients/client.hpp"
#include "measure/meter.hpp"
#include "plan.hpp"
#include "workloads/keys.hpp"
#include "workloads/query.hpp"
#include "workloads/workload.hpp"

#include <coda/runtime.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <tuple>

namespace coda::bench {

/// A store's client, shared by all tasks of a loop. It is constructed from a loop and a plan.
template <class S>
concept coroutine_session = requires(S& session, query q, std::int64_t key) {
    // Opens all connections, so that they are open before the clock starts.
    { session.open() } -> std::same_as<task<>>;
    // Asks one query and returns the key that leads on; throws when the reply is wrong.
    { session.execute(q, key) } -> std::same_as<task<std::int64_t>>;
    // True once no connection is left.
    { session.lost() } -> std::same_as<bool>;
    { session.close() } -> std::same_as<task<>>;
};

/// For `execute`: a reply that tells another key than the one asked for is another caller's.
inline void expect_key(std::int64_t found, std::int64_t asked_for) {
    if (found != asked_for) throw std::runtime_error("the reply is another caller's");
}

/// What a page asks for: nothing waits for anything that it does not need.
template <class Session>
task<> load_page(Session& session, std::int64_t account) {
    auto const customer = co_await session.execute(query::account, account);
    auto const three =
        co_await when_all(session.execute(query::session, customer), session.execute(query::settings, customer),
                          session.execute(query::order, customer));
    auto const item = std::get<2>(three);
    co_await session.execute(query::item, item);
}

/// One operation of a workload.
template <class Session>
task<> perform(Session& session, workload w, std::int64_t key) {
    switch (w) {
    case workload::read: co_await session.execute(query::account, key); break;
    case workload::write: co_await session.execute(query::credit, key); break;
    case workload::page:
        if constexpr (requires { Session::page_deadline; })
            co_await with_timeout(Session::page_deadline, load_page(session, key));
        else
            co_await load_page(session, key);
        break;
    }
}

// One request in flight after the other, until the time is over.
template <class Session>
task<> serve(Session& session, meter& m, workload w, key_sequence keys) {
    for (auto now = clock::now(); m.running();) {
        auto const started = now;
        auto const done = co_await as_result(perform(session, w, keys.next(account_count)));
        now = clock::now();
        if (done.has_value())
            m.complete(0, started, now);
        else
            m.fail(0, done.error().message());
        if (done.has_error() && session.lost()) m.give_up("connection lost: " + done.error().message());
        m.tick(now);
    }
}

template <class Session>
task<> drive(loop& l, plan const& p, meter& m) {
    Session session(l, p);
    co_await with_timeout(std::chrono::seconds(10), session.open());
    auto const work = find_workload(p.what.workload).id;
    co_await with_scope([&](scope& requests) -> task<> {
        for (std::uint32_t i = 0; i < p.what.concurrency; ++i)
            requests.spawn(serve(session, m, work, key_sequence(p.seed, i)));
        co_return;
    });
    co_await session.close();
}

/// Keeps the requests going on the loop that the plan names.
template <coroutine_session Session>
void run_coroutines(plan const& p, meter& m) {
#ifdef CODA_HAS_LIBEV
    if (p.what.loop == "ev") {
        ev_loop l;
        l.run(drive<Session>(l, p, m));
        return;
    }
#endif
    asio_loop l;
    l.run(drive<Session>(l, p, m));
}

inline constexpr std::string_view all_loops[] = {
    "asio",
#ifdef CODA_HAS_LIBEV
    "ev",
#endif
};

/// `run_coroutines` as a client.
[[nodiscard]] constexpr client coda_client(std::string_view about, void (*run)(plan const&, meter&)) {
    return {.name = "coda",
            .about = about,
            .loops = all_loops,
            .most_in_flight = unlimited,
            .why_not_more = "",
            .most_connections = unlimited,
            .run = run,
            .lane_per_connection = false};
}

} // namespace coda::bench
