// SPDX-License-Identifier: BSL-1.0
// Point selects through coda's client beside the same by hand, in the same run: rate, and this process's CPU time.
#include "raw_reads.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <benchmark/benchmark.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

namespace pg = coda::pg;
using bench::raw_reads;
using coda::task;
using point = std::tuple<std::int64_t, std::int64_t>;

constexpr int queries = 8'000; // in a batch

std::string uri_in(char const* variable) {
    char const* const uri = std::getenv(variable);
    if (uri == nullptr) throw std::runtime_error("scripts/bench postgres starts the server");
    return uri;
}

// By its unix-domain socket.
std::string server() {
    auto const uri = uri_in("CODA_TEST_POSTGRES_SOCKET_URI");
    static bool const made = [&] {
        PGconn* const db = PQconnectdb(uri.c_str());
        for (auto const* sql :
             {"create table coda_bench_reads as select i::int8 as id, i * 100::int8 as cents from generate_series(0, "
              "9999) i",
              "alter table coda_bench_reads add primary key (id)", "vacuum analyze coda_bench_reads"})
            PQclear(PQexec(db, sql));
        PQfinish(db);
        return true;
    }();
    static_cast<void>(made);
    return uri;
}

std::string server_by_tcp() {
    static_cast<void>(server());
    return uri_in("CODA_TEST_POSTGRES_URI") + "?sslmode=disable";
}

double now(clockid_t of) {
    timespec t{};
    clock_gettime(of, &t);
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
}

// What batches took, in microseconds a query.
struct taken {
    std::vector<double> wall, cpu;
    void measure(std::function<void()> const& batch) {
        double const began = now(CLOCK_MONOTONIC);
        double const cpu_began = now(CLOCK_PROCESS_CPUTIME_ID);
        batch();
        wall.push_back((now(CLOCK_MONOTONIC) - began) / queries);
        cpu.push_back((now(CLOCK_PROCESS_CPUTIME_ID) - cpu_began) / queries);
    }
    static double median(std::vector<double> of) {
        auto const middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
        std::nth_element(of.begin(), middle, of.end());
        return *middle;
    }
};

// Batches of ours and, right after each, of theirs; medians are compared, since what else runs here disturbs both.
void compare(benchmark::State& s, std::function<void()> const& ours, std::function<void()> const& theirs) {
    taken us, them;
    ours();
    theirs();
    for (auto _ : s) {
        us.measure(ours);
        them.measure(theirs);
    }
    s.counters["coda_cpu_us"] = taken::median(us.cpu);
    s.counters["other_cpu_us"] = taken::median(them.cpu);
    s.counters["cpu"] = taken::median(us.cpu) / taken::median(them.cpu);
    s.counters["rate"] = taken::median(them.wall) / taken::median(us.wall);
}

// Tasks that ask one after the other.
class coda_reads {
public:
    coda_reads(std::size_t connections, int tasks, bool grouped, int all = queries, std::string const& uri = server())
        : tasks_(tasks), all_(all), grouped_(grouped), db_(loop_, uri, {.connections = connections}) {
        while (db_.open_connections() < connections) ask();
    }
    void ask() {
        auto const all = [this](coda::scope& s) -> task<> {
            for (int i = 0; i < tasks_; ++i) s.spawn(some(i));
            co_return;
        };
        loop_.run(coda::with_scope(all));
    }

private:
    task<> some(int first) {
        for (std::int64_t i = first; i < all_; i += tasks_) {
            auto const key = i % bench::read_rows;
            auto const r = grouped_ ? co_await db_.reads().query_one<point>(bench::read_sql, key)
                                    : co_await db_.query_one<point>(bench::read_sql, key);
            if (std::get<0>(r) != key) throw std::runtime_error("another's answer");
        }
    }

    int tasks_;
    int all_;
    bool grouped_;
    coda::asio_loop loop_;
    pg::client db_;
};

// Each of them has a connection for itself, as with drivers that do not pipeline.
class exclusive_reads {
public:
    explicit exclusive_reads(int connections) {
        auto const connect = [this]() -> task<> {
            for (auto& each : dbs_) co_await each->connect();
        };
        for (int i = 0; i < connections; ++i) dbs_.push_back(std::make_unique<pg::connection>(loop_, server()));
        loop_.run(connect());
    }
    void ask() {
        auto const all = [this](coda::scope& s) -> task<> {
            for (auto& each : dbs_) s.spawn(some(*each));
            co_return;
        };
        loop_.run(coda::with_scope(all));
    }

private:
    task<> some(pg::connection& db) {
        for (int i = 0; i < queries / static_cast<int>(dbs_.size()); ++i)
            static_cast<void>(co_await db.query_one<point>(bench::read_sql, std::int64_t{i}));
    }

    coda::asio_loop loop_;
    std::vector<std::unique_ptr<pg::connection>> dbs_;
};

constexpr int connections = 4;
constexpr int window = 16;

void sync_each_at(benchmark::State& s, std::string const& uri) {
    coda_reads ours(connections, connections * window, false, queries, uri);
    raw_reads theirs(uri, connections, window, 1);
    compare(s, [&] { ours.ask(); }, [&] { theirs.ask(queries); });
}
void sync_each(benchmark::State& s) { sync_each_at(s, server()); }
BENCHMARK(sync_each)->Iterations(40);
void sync_each_tcp(benchmark::State& s) { sync_each_at(s, server_by_tcp()); }
BENCHMARK(sync_each_tcp)->Iterations(40);

void grouped(benchmark::State& s) {
    coda_reads ours(connections, connections * window, true);
    raw_reads theirs(server(), connections, window, window);
    compare(s, [&] { ours.ask(); }, [&] { theirs.ask(queries); });
}
BENCHMARK(grouped)->Iterations(60);

void grouped_to_exclusive(benchmark::State& s) {
    coda_reads ours(connections, connections * window, true);
    exclusive_reads theirs(8);
    compare(s, [&] { ours.ask(); }, [&] { theirs.ask(); });
}
BENCHMARK(grouped_to_exclusive)->Iterations(30);

void ten_thousand_to_a_hundred(benchmark::State& s) {
    coda_reads many(8, 10'000, false, 10'000);
    coda_reads few(8, 100, false, 10'000);
    compare(s, [&] { many.ask(); }, [&] { few.ask(); });
}
BENCHMARK(ten_thousand_to_a_hundred)->Iterations(30);

// One query after the other on one connection: how long each takes, in microseconds.
constexpr int one_by_one = 1'000; // in a batch

void ask_blocking(PGconn* db, std::vector<double>& took) {
    for (int i = 0; i < one_by_one; ++i) {
        auto const key = bench::network_order(i);
        char const* const values[] = {reinterpret_cast<char const*>(&key)};
        constexpr int lengths[] = {sizeof key};
        constexpr int formats[] = {1};
        double const began = now(CLOCK_MONOTONIC);
        PGresult* const r = PQexecPrepared(db, "read", 1, values, lengths, formats, 1);
        took.push_back(now(CLOCK_MONOTONIC) - began);
        bool const right = PQntuples(r) == 1 && std::memcmp(PQgetvalue(r, 0, 0), &key, sizeof key) == 0;
        PQclear(r);
        if (!right) throw std::runtime_error("no answer");
    }
}

task<> ask_awaiting(pg::connection& db, std::vector<double>& took) {
    for (std::int64_t key = 0; key < one_by_one; ++key) {
        double const began = now(CLOCK_MONOTONIC);
        auto const r = co_await db.query_one<point>(bench::read_sql, key);
        took.push_back(now(CLOCK_MONOTONIC) - began);
        if (std::get<0>(r) != key) throw std::runtime_error("another's answer");
    }
}

template <class Loop>
void one_in_flight(benchmark::State& s) {
    std::unique_ptr<PGconn, decltype(&PQfinish)> const theirs(PQconnectdb(server().c_str()), &PQfinish);
    PQclear(PQprepare(theirs.get(), "read", bench::read_sql, 0, nullptr));
    Loop loop;
    pg::connection ours(loop, server());
    auto const connect = [&]() -> task<> { co_await ours.connect(); };
    loop.run(connect());
    std::vector<double> us, them;
    for (auto _ : s) {
        loop.run(ask_awaiting(ours, us));
        ask_blocking(theirs.get(), them);
    }
    s.counters["coda_p50_us"] = taken::median(us);
    s.counters["other_p50_us"] = taken::median(them);
    s.counters["p50"] = taken::median(us) / taken::median(them);
}
void one_in_flight_asio(benchmark::State& s) { one_in_flight<coda::asio_loop>(s); }
BENCHMARK(one_in_flight_asio)->Iterations(20);
#ifdef CODA_HAS_LIBEV
void one_in_flight_ev(benchmark::State& s) { one_in_flight<coda::ev_loop>(s); }
BENCHMARK(one_in_flight_ev)->Iterations(20);
#endif

} // namespace
