// SPDX-License-Identifier: BSL-1.0
// The limit: epoll and libpq's pipeline mode by hand, a Sync for each query, one thread, no abstraction.
// Nobody would write a server so; it shows what is left for a library to lose.
#include "clients/client.hpp"
#include "clients/postgres/blocking_session.hpp"

#include <boost/circular_buffer.hpp>
#include <sys/epoll.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace coda::bench::postgres {
namespace {

// One request in flight. It stays on the connection it was given at the start.
struct request {
    key_sequence keys;
    clock::time_point started{};
    std::int64_t item = 0;
    int unanswered = 0;
    bool faulty = false;
};

struct sent_query {
    request* owner;
    statement what;
    std::int64_t key;
    std::int64_t next;
};

struct pipeline {
    std::unique_ptr<PGconn, decltype(&PQfinish)> db{nullptr, PQfinish};
    boost::circular_buffer<sent_query> unanswered; // replies come in this order
    bool wants_write = false;
};

class driver {
public:
    driver(plan const& p, meter& m);
    ~driver() { ::close(epoll_); }
    driver(driver const&) = delete;
    driver& operator=(driver const&) = delete;

    void run();

private:
    void start(pipeline& to, request& r, clock::time_point now);
    void send(pipeline& to, request& r, statement s, std::int64_t key);
    void receive(pipeline& from);
    void answered(pipeline& from, sent_query const& q);
    void finish(pipeline& on, request& r);
    void flush(pipeline& p);
    void watch(pipeline& p, int operation, unsigned events);

    meter& meter_;
    workload work_;
    int epoll_;
    std::vector<pipeline> pipelines_;
    std::vector<request> requests_;
    std::size_t in_flight_ = 0;
};

[[noreturn]] void connection_lost(PGconn* db) {
    throw std::runtime_error(std::string("connection lost: ") + PQerrorMessage(db));
}

driver::driver(plan const& p, meter& m)
    : meter_(m),
      work_(find_workload(p.what.workload).id),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      pipelines_(p.what.connections) {
    auto const per_pipeline = p.what.concurrency / p.what.connections + 1;
    for (auto& each : pipelines_) {
        each.db.reset(blocking_session(p.conninfo).release());
        each.unanswered.set_capacity(3 * per_pipeline); // a page has three queries out at once
        if (PQsetnonblocking(each.db.get(), 1) != 0 || PQenterPipelineMode(each.db.get()) != 1)
            connection_lost(each.db.get());
        watch(each, EPOLL_CTL_ADD, EPOLLIN);
    }
    requests_.reserve(p.what.concurrency);
    for (std::uint32_t i = 0; i < p.what.concurrency; ++i) requests_.push_back({.keys = key_sequence(p.seed, i)});
}

void driver::run() {
    for (std::size_t i = 0; i < requests_.size(); ++i)
        start(pipelines_[i % pipelines_.size()], requests_[i], clock::now());
    epoll_event ready[64];
    while (in_flight_ > 0) {
        int const n = ::epoll_wait(epoll_, ready, std::size(ready), 100);
        for (int i = 0; i < n; ++i) {
            auto& p = *static_cast<pipeline*>(ready[i].data.ptr);
            if (ready[i].events & EPOLLOUT) flush(p);
            if (ready[i].events & ~unsigned{EPOLLOUT}) receive(p);
        }
        meter_.tick(clock::now());
    }
}

void driver::start(pipeline& to, request& r, clock::time_point now) {
    ++in_flight_;
    r.started = now;
    r.faulty = false;
    auto const what = work_ == workload::write ? statement::credit : statement::account;
    send(to, r, what, r.keys.next(account_count));
}

void driver::send(pipeline& to, request& r, statement s, std::int64_t key) {
    parameters const p(s, key);
    if (!PQsendQueryPrepared(to.db.get(), text_of(s).name, p.count(), p.values(), p.lengths(), p.formats(),
                             /*resultFormat: binary*/ 1) ||
        !PQpipelineSync(to.db.get()))
        connection_lost(to.db.get());
    ++r.unanswered;
    to.unanswered.push_back({&r, s, key, 0});
    flush(to);
}

void driver::receive(pipeline& from) {
    auto* const db = from.db.get();
    if (!PQconsumeInput(db)) connection_lost(db);
    while (!from.unanswered.empty() && !PQisBusy(db)) {
        auto* const reply = PQgetResult(db);
        if (!reply) continue; // the end of a query's results; its Sync follows
        auto& q = from.unanswered.front();
        if (PQresultStatus(reply) == PGRES_PIPELINE_SYNC) {
            auto const done = q;
            from.unanswered.pop_front();
            answered(from, done);
        } else if (char const* fault = fault_in(reply, q.what, q.key)) {
            q.owner->faulty = true;
            meter_.fail(0, fault);
        } else if (q.what == statement::account || q.what == statement::order) {
            q.next = next_key(reply);
        }
        PQclear(reply);
    }
    if (PQstatus(db) != CONNECTION_OK) connection_lost(db);
}

void driver::answered(pipeline& from, sent_query const& q) {
    auto& r = *q.owner;
    --r.unanswered;
    if (work_ != workload::page || r.faulty) {
        if (r.unanswered == 0) finish(from, r);
        return;
    }
    switch (q.what) {
    case statement::account:
        send(from, r, statement::session, q.next);
        send(from, r, statement::settings, q.next);
        send(from, r, statement::order, q.next);
        return;
    case statement::item: finish(from, r); return;
    case statement::order: r.item = q.next; break;
    default: break;
    }
    if (r.unanswered == 0) send(from, r, statement::item, r.item);
}

void driver::finish(pipeline& on, request& r) {
    auto const now = clock::now();
    --in_flight_;
    if (!r.faulty) meter_.complete(0, r.started, now);
    if (meter_.running()) start(on, r, now);
}

void driver::flush(pipeline& p) {
    int const left = PQflush(p.db.get());
    if (left < 0) connection_lost(p.db.get());
    bool const wants_write = left == 1;
    if (wants_write == p.wants_write) return;
    p.wants_write = wants_write;
    watch(p, EPOLL_CTL_MOD, wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void driver::watch(pipeline& p, int operation, unsigned events) {
    epoll_event e{};
    e.events = events;
    e.data.ptr = &p;
    if (::epoll_ctl(epoll_, operation, PQsocket(p.db.get()), &e) != 0)
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void run(plan const& p, meter& m) { driver(p, m).run(); }

} // namespace

extern client const raw_client;
client const raw_client{
    .store = "postgres",
    .name = "raw",
    .about = "the limit: hand-written epoll loop on libpq's pipeline mode, a Sync per query",
    .loops = no_loop,
    .most_in_flight = unlimited,
    .why_not_more = "",
    .most_connections = unlimited,
    .run = run,
    .lane_per_connection = false,
};

} // namespace coda::bench::postgres
