// SPDX-License-Identifier: BSL-1.0
// The limit: epoll and libpq's pipeline mode by hand, a Sync for each query, one thread, no abstraction.
// Nobody would write a server so; it shows what is left for a library to lose.
#include "clients/postgres/blocking_session.hpp"
#include "clients/postgres/clients.hpp"
#include "clients/request.hpp"

#include <boost/circular_buffer.hpp>
#include <sys/epoll.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace coda::bench::postgres {
namespace {

struct sent_query {
    request* owner;
    asked what;
    std::int64_t next = 0;
    std::string fault{};
};

struct queued_query {
    request* owner;
    asked what;
};

struct pipeline {
    std::unique_ptr<PGconn, decltype(&PQfinish)> db{nullptr, PQfinish};
    std::vector<queued_query> queued;              // sent together, once the socket has been drained
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

    // A request stays on the connection it was given at the start.
    void send(request& r, asked q);

private:
    void send_queued(pipeline& p);
    void receive(pipeline& from);
    void flush(pipeline& p);
    void watch(pipeline& p, int operation, unsigned events);

    meter& meter_;
    int epoll_;
    std::vector<pipeline> pipelines_;
    request_loop<driver> requests_;
};

[[noreturn]] void connection_lost(PGconn* db) {
    throw std::runtime_error(std::string("connection lost: ") + PQerrorMessage(db));
}

driver::driver(plan const& p, meter& m)
    : meter_(m), epoll_(::epoll_create1(EPOLL_CLOEXEC)), pipelines_(p.what.connections), requests_(p, m, *this) {
    auto const per_pipeline = p.what.concurrency / p.what.connections + 1;
    for (auto& each : pipelines_) {
        each.db.reset(blocking_session(p).release());
        each.unanswered.set_capacity(3 * per_pipeline); // a page has three queries out at once
        if (PQsetnonblocking(each.db.get(), 1) != 0 || PQenterPipelineMode(each.db.get()) != 1)
            connection_lost(each.db.get());
        watch(each, EPOLL_CTL_ADD, EPOLLIN);
    }
}

void driver::run() {
    requests_.begin();
    for (auto& p : pipelines_) send_queued(p);
    epoll_event ready[64];
    while (requests_.running()) {
        int const n = ::epoll_wait(epoll_, ready, std::size(ready), 100);
        for (int i = 0; i < n; ++i) {
            auto& p = *static_cast<pipeline*>(ready[i].data.ptr);
            if (ready[i].events & EPOLLOUT) flush(p);
            if (ready[i].events & ~unsigned{EPOLLOUT}) receive(p);
        }
        meter_.tick(clock::now());
    }
}

void driver::send(request& r, asked q) {
    pipelines_[requests_.index_of(r) % pipelines_.size()].queued.push_back({&r, q});
}

void driver::send_queued(pipeline& p) {
    if (p.queued.empty()) return;
    auto* const db = p.db.get();
    for (auto const& [owner, q] : p.queued) {
        parameters const values(q.what, q.key);
        if (!PQsendQueryPrepared(db, text_of(q.what).name, values.count(), values.values(), values.lengths(),
                                 values.formats(), /*resultFormat: binary*/ 1) ||
            !PQpipelineSync(db))
            connection_lost(db);
        p.unanswered.push_back({owner, q});
    }
    p.queued.clear();
    flush(p);
}

void driver::receive(pipeline& from) {
    auto* const db = from.db.get();
    if (!PQconsumeInput(db)) connection_lost(db);
    while (!from.unanswered.empty() && !PQisBusy(db)) {
        auto* const reply = PQgetResult(db);
        if (!reply) continue; // the end of a query's results; its Sync follows
        auto& q = from.unanswered.front();
        if (PQresultStatus(reply) == PGRES_PIPELINE_SYNC) {
            auto const done = std::move(q);
            from.unanswered.pop_front();
            requests_.answered(*done.owner, done.what.what, done.next,
                               done.fault.empty() ? nullptr : done.fault.c_str());
        } else if (char const* fault = fault_in(reply, q.what.what, q.what.key)) {
            q.fault = fault;
        } else if (q.what.what != query::credit) {
            q.next = next_key(reply);
        }
        PQclear(reply);
    }
    if (PQstatus(db) != CONNECTION_OK) connection_lost(db);
    send_queued(from);
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

} // namespace

void run_raw(plan const& p, meter& m) { driver(p, m).run(); }

} // namespace coda::bench::postgres
