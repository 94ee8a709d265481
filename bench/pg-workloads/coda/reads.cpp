// SPDX-License-Identifier: BSL-1.0
#include "reads.hpp"

#include "checksum.hpp"

#include <coda/postgres.hpp>

#include <stdexcept>
#include <tuple>

namespace pg_workloads {

namespace {

using coda::task;

constexpr std::size_t connections = 4;
constexpr std::size_t tasks = connections * 16;
constexpr std::int64_t keys = 10'000;

task<std::int64_t> read(coda::pg::client& db, std::int64_t key) {
    using row = std::tuple<std::int64_t, std::int64_t>;
    auto const found =
        co_await db.reads().query_one<row>("select id, cents from pg_workloads_accounts where id = $1", key);
    if (std::get<0>(found) != key) throw std::runtime_error("another's answer");
    co_return std::get<1>(found);
}

task<> keep_reading(coda::pg::client& db, window& w, std::size_t first) {
    for (auto key = static_cast<std::int64_t>(first); !w.closed();) {
        key = (key + static_cast<std::int64_t>(tasks)) % keys;
        co_await read(db, key);
        w.count(1);
    }
}

task<> add_all(coda::pg::client& db, checksum& to) {
    for (std::int64_t key = 0; key < keys; ++key) {
        to.add(key);
        to.add(co_await read(db, key));
    }
}

} // namespace

std::uint64_t grouped_reads(coda::loop& l, std::string const& uri, double seconds, window& w) {
    coda::pg::client db(l, uri, {.connections = connections});
    auto const all = [&](coda::scope& s) -> task<> {
        for (std::size_t i = 0; i < tasks; ++i) s.spawn(keep_reading(db, w, i));
        s.spawn(time(w, seconds));
        co_return;
    };
    l.run(coda::with_scope(all));
    checksum sum;
    l.run(add_all(db, sum));
    return sum.value();
}

} // namespace pg_workloads
