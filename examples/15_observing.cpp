// SPDX-License-Identifier: BSL-1.0
// What statements do: a log of those that take long, and an observer of one's own.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

using namespace std::chrono_literals;

// For metrics, say. It is called on the loop's thread, and delays it.
class counts final : public coda::pg::statement_observer {
public:
    void on_statement(coda::pg::statement_event const& e) noexcept override {
        ++statements;
        rows += e.rows;
        if (e.failure != nullptr) ++failures;
    }
    void on_notice(coda::pg::server_error const& said) noexcept override {
        fmt::print("the server says: {}\n", said.message());
    }

    int statements = 0;
    int failures = 0;
    std::uint64_t rows = 0;
};

coda::task<> ask(coda::pg::client& db) {
    co_await db.query<int>("select n from generate_series(1, $1) n", 10);
    co_await db.execute("do $$ begin raise notice 'by the way'; end $$");
    static_cast<void>(co_await coda::as_result(db.query_one<int>("select 1 / $1", 0)));
    co_await db.close();
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    std::string const uri = database(argc, argv);
    {
        counts seen;
        coda::pg::client db(loop, uri, {.connection = {.observer = &seen}});
        loop.run(ask(db));
        fmt::print("{} statements, {} failed, {} rows\n", seen.statements, seen.failures, seen.rows);
    }
    coda::pg::slow_statement_log slow({.after = 50ms}, [](std::string_view line) { fmt::print("{}\n", line); });
    coda::pg::client watched(loop, uri, {.connection = {.observer = &slow}});
    auto const sleeps = [&]() -> coda::task<> {
        co_await watched.execute("select pg_sleep($1)", 0.1);
        co_await watched.close();
    };
    loop.run(sleeps());
}
