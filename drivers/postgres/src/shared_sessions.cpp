// SPDX-License-Identifier: BSL-1.0
#include "shared_sessions.hpp"

#include "connecting.hpp"

#include <coda/runtime/deadline.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <limits>

namespace coda::pg::detail {

namespace {

constexpr std::size_t most_opening = 2; // at once: a server that comes back is not stormed

} // namespace

// One attempt to connect, and who waits for it. Shared with them, since they may find the client gone.
class shared_sessions::attempt {
public:
    class wait;

    std::size_t waiting() const noexcept { return waiting_; }
    void end(result<std::shared_ptr<session>> how) noexcept {
        outcome = std::move(how);
        waiters_.wake_all();
    }

    result<std::shared_ptr<session>> outcome = error(coda::errc::closed);

private:
    std::size_t waiting_ = 0;
    wait_queue waiters_;
};

class shared_sessions::attempt::wait : public void_waiter {
public:
    explicit wait(attempt& a) noexcept : attempt_(a) { ++attempt_.waiting_; }
    wait(wait const&) = delete;
    ~wait() { --attempt_.waiting_; }
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        return attempt_.waiters_.suspend(*this, h, ctx);
    }

private:
    attempt& attempt_;
};

bool should_open_another(std::size_t open, std::size_t opening, std::size_t limit, std::size_t least_load) noexcept {
    if (opening >= most_opening || open + opening >= limit) return false;
    return open == 0 ? opening == 0 : least_load > opening;
}

shared_sessions::shared_sessions(loop& l, std::string uri, client_options const& options)
    : loop_(l), uri_(std::move(uri)), options_(options), background_(l) {
    sessions_.reserve(options.connections);
}

shared_sessions::~shared_sessions() {
    *here_ = false;
    for (auto const& a : attempts_) a->end(error(coda::errc::closed));
    for (auto const& s : sessions_) s->lose(error(coda::errc::closed));
}

session* shared_sessions::pick() {
    if (closed_) return nullptr;
    std::erase_if(sessions_, [](auto const& s) { return !s->usable(); });
    session* least = nullptr;
    std::size_t load = std::numeric_limits<std::size_t>::max();
    for (auto const& s : sessions_)
        if (s->load() < load) {
            least = s.get();
            load = s->load();
        }
    if (should_open_another(sessions_.size(), attempts_.size(), options_.connections, load)) open_another();
    return least;
}

operation<std::shared_ptr<session>> shared_sessions::wait() {
    if (closed_) co_return error(coda::errc::closed);
    if (session* const ready = pick()) co_return ready->shared_from_this();
    auto const under_way = attempts_.front();
    auto const here = here_;
    if (under_way->waiting() >= options_.connection.max_queued) co_return error(coda::errc::queue_full);
    attempt::wait ended(*under_way);
    auto const waited = co_await as_result(ended);
    if (waited.has_error()) co_return waited.error();
    if (under_way->outcome.has_error() || !*here) co_return under_way->outcome;
    // All who waited come at once: the least loaded for each, and more are opened for them.
    if (session* const least = pick()) co_return least->shared_from_this();
    co_return under_way->outcome;
}

void shared_sessions::open_another() {
    attempts_.push_back(std::make_shared<attempt>());
    try {
        background_.spawn(open_one(attempts_.back()));
    } catch (std::bad_alloc const&) {
        attempts_.pop_back();
        throw;
    }
}

// Never fails: that would end the scope, and with it all later attempts.
task<> shared_sessions::open_one(std::shared_ptr<attempt> a) {
    result<std::shared_ptr<session>> made = error(make_error_code(boost::system::errc::not_enough_memory));
    try {
        auto const timeout = options_.connection.connect_timeout;
        auto opened = co_await as_result(with_timeout(timeout, open_connection(uri_)));
        made = adopt(std::move(opened));
    } catch (std::bad_alloc const&) {}
    std::erase(attempts_, a);
    a->end(std::move(made));
}

result<std::shared_ptr<session>> shared_sessions::adopt(result<connection_handle> opened) {
    if (opened.has_error()) return opened.error();
    if (closed_) return error(coda::errc::closed);
    auto made = session::open(loop_, std::move(*opened), options_.connection);
    if (made.has_value()) sessions_.push_back(*made);
    return made;
}

operation<> shared_sessions::close() {
    closed_ = true;
    context const& here = co_await this_context();
    time_point const latest = here.loop->now() + options_.connection.drain_timeout;
    background_.cancel(coda::errc::closed);
    co_await background_.join();
    for (auto const& s : sessions_) static_cast<void>(co_await as_result(with_deadline(latest, s->idle().wait())));
    for (auto const& s : sessions_) s->lose(error(coda::errc::closed));
    co_return result<>();
}

std::size_t shared_sessions::open() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(sessions_, [](auto const& s) { return s->usable(); }));
}

} // namespace coda::pg::detail
