// SPDX-License-Identifier: BSL-1.0
// The limit: epoll and hiredis' asynchronous interface by hand, commands pipelined, one thread, no abstraction.
// hiredis asks for write interest with every command: that is noted, and one write made per turn of the loop.
#include "clients/redis/blocking_session.hpp"
#include "clients/redis/clients.hpp"
#include "clients/request.hpp"
#include "workloads/redis/commands.hpp"

#include <boost/circular_buffer.hpp>
#include <hiredis/async.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace coda::bench::redis {
namespace {

class driver;

struct sent_command {
    request* owner;
    asked what;
};

struct pipeline {
    driver* owner = nullptr;
    redisAsyncContext* db = nullptr;
    boost::circular_buffer<sent_command> unanswered; // replies come in this order
    bool wants_write = false;                        // as hiredis says
    bool watches_write = false;                      // as epoll knows
};

class driver {
public:
    driver(plan const& p, meter& m);
    ~driver();
    driver(driver const&) = delete;
    driver& operator=(driver const&) = delete;

    void run();

    // A request stays on the connection it was given at the start.
    void send(request& r, asked q);

private:
    static void answered(redisAsyncContext* db, void* reply, void* of);
    void attach(pipeline& p, std::string const& uri);
    void authenticate(pipeline& p, address const& a);
    void flush();
    void watch(pipeline& p, int operation, unsigned events);

    meter& meter_;
    int epoll_;
    std::vector<pipeline> pipelines_;
    request_loop<driver> requests_;
    std::string lost_; // why a connection is
};

driver::driver(plan const& p, meter& m)
    : meter_(m), epoll_(::epoll_create1(EPOLL_CLOEXEC)), pipelines_(p.what.connections), requests_(p, m, *this) {
    auto const per_pipeline = p.what.concurrency / p.what.connections + 1;
    for (auto& each : pipelines_) {
        each.owner = this;
        each.unanswered.set_capacity(3 * per_pipeline); // a page has three commands out at once
        attach(each, p.uris.at("redis"));
    }
}

driver::~driver() {
    for (auto& each : pipelines_)
        if (each.db) redisAsyncFree(each.db);
    ::close(epoll_);
}

void driver::attach(pipeline& p, std::string const& uri) {
    auto const a = parse_uri(uri);
    p.db = a.port == 0 ? redisAsyncConnectUnix(a.host.c_str()) : redisAsyncConnect(a.host.c_str(), a.port);
    if (!p.db) throw std::runtime_error("out of memory");
    if (p.db->err) throw std::runtime_error(p.db->errstr);
    auto const wish = [](void* of) { static_cast<pipeline*>(of)->wants_write = true; };
    auto const wish_no_more = [](void* of) { static_cast<pipeline*>(of)->wants_write = false; };
    p.db->ev.data = &p;
    p.db->ev.addRead = [](void*) {}; // always watched
    p.db->ev.delRead = [](void*) {};
    p.db->ev.addWrite = wish;
    p.db->ev.delWrite = wish_no_more;
    p.db->ev.cleanup = [](void* of) { static_cast<pipeline*>(of)->db = nullptr; };
    p.db->data = this;
    p.wants_write = true; // the connection is established when the socket can be written to
    p.watches_write = true;
    watch(p, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
    authenticate(p, a);
}

void driver::authenticate(pipeline& p, address const& a) {
    auto const check = [](redisAsyncContext* db, void* reply, void*) {
        auto const* r = static_cast<redisReply const*>(reply);
        if (r && r->type == REDIS_REPLY_ERROR) static_cast<driver*>(db->data)->lost_ = r->str;
    };
    if (!a.user.empty())
        redisAsyncCommand(p.db, check, nullptr, "AUTH %s %s", a.user.c_str(), a.password.c_str());
    else if (!a.password.empty())
        redisAsyncCommand(p.db, check, nullptr, "AUTH %s", a.password.c_str());
    if (a.database != 0) redisAsyncCommand(p.db, check, nullptr, "SELECT %d", a.database);
}

void driver::run() {
    requests_.begin();
    epoll_event ready[64];
    while (requests_.running()) {
        flush();
        int const n = ::epoll_wait(epoll_, ready, std::size(ready), 100);
        for (int i = 0; i < n; ++i) {
            auto& p = *static_cast<pipeline*>(ready[i].data.ptr);
            if (p.db && ready[i].events & EPOLLOUT) redisAsyncHandleWrite(p.db);
            if (p.db && ready[i].events & ~unsigned{EPOLLOUT}) redisAsyncHandleRead(p.db);
        }
        if (!lost_.empty()) throw std::runtime_error("connection lost: " + lost_);
        meter_.tick(clock::now());
    }
}

void driver::send(request& r, asked q) {
    auto& to = pipelines_[requests_.index_of(r) % pipelines_.size()];
    command c(q);
    if (!to.db || redisAsyncCommandArgv(to.db, answered, &to, c.count(), c.arguments(), c.lengths()) != REDIS_OK)
        throw std::runtime_error("connection lost");
    to.unanswered.push_back({&r, q});
}

// Called by hiredis, so nothing may be thrown through it.
void driver::answered(redisAsyncContext* db, void* reply, void* of) {
    auto& from = *static_cast<pipeline*>(of);
    auto& self = *from.owner;
    if (!reply) {
        if (self.lost_.empty()) self.lost_ = db->errstr ? db->errstr : "closed";
        return;
    }
    auto const done = from.unanswered.front();
    from.unanswered.pop_front();
    std::int64_t next = 0;
    auto const* fault = fault_in(static_cast<redisReply const*>(reply), done.what, next);
    try {
        self.requests_.answered(*done.owner, done.what.what, next, fault);
    } catch (std::exception const& e) {
        if (self.lost_.empty()) self.lost_ = e.what();
    }
}

// Writes what has come up in this turn; epoll hears of it only where the socket is full.
void driver::flush() {
    for (auto& p : pipelines_) {
        if (!p.db) continue;
        if (p.wants_write && !p.watches_write) redisAsyncHandleWrite(p.db);
        if (!p.db || p.wants_write == p.watches_write) continue;
        p.watches_write = p.wants_write;
        watch(p, EPOLL_CTL_MOD, p.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

void driver::watch(pipeline& p, int operation, unsigned events) {
    epoll_event e{};
    e.events = events;
    e.data.ptr = &p;
    if (::epoll_ctl(epoll_, operation, p.db->c.fd, &e) != 0)
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

} // namespace

void run_raw(plan const& p, meter& m) { driver(p, m).run(); }

} // namespace coda::bench::redis
