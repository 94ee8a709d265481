// SPDX-License-Identifier: BSL-1.0
#include "raw_reads.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <deque>
#include <stdexcept>

namespace bench {

namespace {

constexpr int binary = 1;
constexpr std::int64_t fence = -1; // no key

[[noreturn]] void lost(PGconn* db) { throw std::runtime_error(PQerrorMessage(db)); }

void prepare(PGconn* db, char const* name, char const* sql) {
    std::unique_ptr<PGresult, decltype(&PQclear)> const r(PQprepare(db, name, sql, 0, nullptr), &PQclear);
    if (PQresultStatus(r.get()) != PGRES_COMMAND_OK) lost(db);
}

} // namespace

std::uint64_t network_order(std::int64_t value) noexcept {
    auto const bits = static_cast<std::uint64_t>(value);
    return std::endian::native == std::endian::little ? __builtin_bswap64(bits) : bits;
}

struct raw_reads::connection {
    std::unique_ptr<PGconn, decltype(&PQfinish)> db{nullptr, &PQfinish};
    std::deque<std::int64_t> asked; // in the order of their answers
    int in_flight = 0;
    bool wants_write = false;
};

raw_reads::raw_reads(std::string const& uri, int connections, int window, int group)
    : window_(window), group_(group), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (int i = 0; i < connections; ++i) {
        auto c = std::make_unique<connection>();
        c->db.reset(PQconnectdb(uri.c_str()));
        PGconn* const db = c->db.get();
        if (PQstatus(db) != CONNECTION_OK) lost(db);
        prepare(db, "fence", "select pg_catalog.set_config('transaction_read_only', 'on', true)");
        prepare(db, "read", read_sql);
        if (PQsetnonblocking(db, 1) != 0 || PQenterPipelineMode(db) == 0) lost(db);
        epoll_event e{};
        e.events = EPOLLIN;
        e.data.ptr = c.get();
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, PQsocket(db), &e) != 0) throw std::runtime_error("epoll_ctl failed");
        connections_.push_back(std::move(c));
    }
}

raw_reads::~raw_reads() { ::close(epoll_); }

void raw_reads::ask(int queries) {
    unsent_ = unanswered_ = queries;
    for (auto const& c : connections_) refill(*c);
    epoll_event ready[16];
    while (unanswered_ > 0) {
        int const n = ::epoll_wait(epoll_, ready, std::size(ready), -1);
        for (int i = 0; i < n; ++i) receive(*static_cast<connection*>(ready[i].data.ptr));
    }
}

// What may be in flight, in full groups while there are enough.
void raw_reads::refill(connection& c) {
    while (unsent_ > 0) {
        int const room = window_ - c.in_flight;
        int const n = std::min(group_, unsent_);
        if (room < n) break;
        send(c, n);
    }
    int const left = PQflush(c.db.get());
    if (left < 0) lost(c.db.get());
    if (c.wants_write == (left > 0)) return;
    c.wants_write = left > 0;
    epoll_event e{};
    e.events = c.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
    e.data.ptr = &c;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, PQsocket(c.db.get()), &e);
}

void raw_reads::send(connection& c, int queries) {
    PGconn* const db = c.db.get();
    if (group_ > 1) {
        if (PQsendQueryPrepared(db, "fence", 0, nullptr, nullptr, nullptr, 0) == 0) lost(db);
        c.asked.push_back(fence);
    }
    for (int i = 0; i < queries; ++i) {
        auto const key = next_key_++ % read_rows;
        auto const wire = network_order(key);
        char const* const values[] = {reinterpret_cast<char const*>(&wire)};
        constexpr int lengths[] = {sizeof wire};
        constexpr int formats[] = {binary};
        if (PQsendQueryPrepared(db, "read", 1, values, lengths, formats, binary) == 0) lost(db);
        c.asked.push_back(key);
        ++c.in_flight;
    }
    if (PQpipelineSync(db) == 0) lost(db);
    unsent_ -= queries;
}

void raw_reads::receive(connection& c) {
    PGconn* const db = c.db.get();
    if (PQconsumeInput(db) == 0) lost(db);
    for (int nulls = 0; nulls < 2 && PQisBusy(db) == 0;) {
        std::unique_ptr<PGresult, decltype(&PQclear)> const r(PQgetResult(db), &PQclear);
        nulls = r == nullptr ? nulls + 1 : 0;
        auto const status = r == nullptr ? PGRES_COMMAND_OK : PQresultStatus(r.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_PIPELINE_SYNC) lost(db);
        if (status != PGRES_TUPLES_OK) continue;
        auto const key = c.asked.front();
        c.asked.pop_front();
        if (key == fence) continue;
        auto const expected = network_order(key);
        if (PQntuples(r.get()) != 1 || std::memcmp(PQgetvalue(r.get(), 0, 0), &expected, sizeof expected) != 0)
            throw std::runtime_error("another's answer");
        --c.in_flight;
        --unanswered_;
    }
    refill(c);
}

} // namespace bench
