// SPDX-License-Identifier: BSL-1.0
// Retrying, and what else protects callers and servers from each other: a policy, a pipeline, one call for many
// callers.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/retry.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

using namespace std::chrono_literals;

coda::task<> transfer(coda::pg::client& db, std::int64_t cents) {
    co_await coda::retry(coda::retry_policy::transient(), [&]() -> coda::task<> {
        co_await db.execute("update example_retry set cents = cents + $1 where id = 1", cents);
    });
}

// What fails twice, as a server does that starts, and then gives a value.
class flaky {
public:
    explicit flaky(coda::pg::client& db) : db_(db) {}
    coda::operation<std::int64_t> cents() {
        if (++asked_ <= 2) co_return coda::error(coda::pg::make_sqlstate("57P03"), coda::outcome::completed);
        co_return co_await coda::as_result(db_.query_one<std::int64_t>("select cents from example_retry where id = 1"));
    }

private:
    coda::pg::client& db_;
    int asked_ = 0;
};

coda::task<> app(coda::pg::client& db) {
    co_await db.execute("create table if not exists example_retry (id bigint primary key, cents bigint not null)");
    co_await db.execute("insert into example_retry values (1, 100) on conflict (id) do update set cents = 100");
    co_await transfer(db, 50);

    // One breaker and one limiter for each server, shared by all calls.
    coda::circuit_breaker breaker;
    coda::concurrency_limiter limiter;
    coda::retry_policy const policy{.max_attempts = 5, .backoff = {.base = 1ms}, .idempotent = true};
    auto const guarded = coda::pipeline(coda::timeout(2s), coda::retry(policy), breaker, limiter);
    flaky account(db);
    fmt::print("{} cents\n", co_await guarded([&] { return account.cents(); }));

    // What cannot be helped ends at once, and says how often it was tried.
    breaker.isolate();
    auto const refused = co_await coda::as_result(guarded([&] { return account.cents(); }));
    fmt::print("{}\n", refused.error().message());

    // A hundred callers, one query.
    coda::single_flight<std::int64_t, std::int64_t> loading;
    int queries = 0;
    auto const load = [&] {
        ++queries;
        return db.query_one<std::int64_t>("select cents from example_retry where id = 1");
    };
    std::vector<coda::operation<std::int64_t>> callers;
    for (int i = 0; i < 100; ++i) callers.push_back(loading(1, load));
    auto const values = co_await coda::when_all(std::move(callers));
    fmt::print("{} callers, {} query\n", values.size(), queries);

    co_await db.execute("drop table example_retry");
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    coda::pg::client db(loop, database(argc, argv));
    loop.run(app(db));
}
