// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "clients/client.hpp"
#include "measure/meter.hpp"
#include "plan.hpp"
#include "workloads/keys.hpp"
#include "workloads/query.hpp"
#include "workloads/workload.hpp"

#include <boost/container/static_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace coda::bench {

/// One request in flight, for a client that keeps its own books: says which queries to send, and when all
/// is answered. It does no I/O, and knows nothing of connections.
///
///     for (auto q : r.begin(clock::now())) send(r, q);
///     ... a reply has come: for (auto q : r.answered(what, next)) send(r, q);
///     if (r.finished()) { ... r.begin() again ... }
class request {
public:
    /// To be sent now; what stands together does not depend on each other.
    using queries = boost::container::static_vector<asked, 3>;

    request(plan const& p, std::uint64_t stream) noexcept
        : work_(find_workload(p.what.workload).id), keys_(p.seed, stream) {}

    /// Begins anew, with the next key.
    [[nodiscard]] queries begin(clock::time_point now) {
        started_ = now;
        faulty_ = false;
        unanswered_ = 1;
        return {asked{work_ == workload::write ? query::credit : query::account, keys_.next(account_count)}};
    }

    /// A query was answered well; `next` is the key that leads on.
    [[nodiscard]] queries answered(query what, std::int64_t next) {
        --unanswered_;
        queries more;
        if (work_ != workload::page || faulty_) return more;
        if (what == query::account)
            more = {asked{query::session, next}, asked{query::settings, next}, asked{query::order, next}};
        if (what == query::order) item_ = next;
        if (what != query::account && what != query::item && unanswered_ == 0) more = {asked{query::item, item_}};
        unanswered_ += static_cast<int>(more.size());
        return more;
    }

    /// A query failed or was answered wrongly: the request ends once the others under way have.
    void failed() noexcept {
        --unanswered_;
        faulty_ = true;
    }

    /// Whether nothing is under way any more.
    [[nodiscard]] bool finished() const noexcept { return unanswered_ == 0; }

    [[nodiscard]] bool faulty() const noexcept { return faulty_; }
    [[nodiscard]] clock::time_point started() const noexcept { return started_; }

private:
    workload work_;
    key_sequence keys_;
    clock::time_point started_{};
    std::int64_t item_ = 0;
    int unanswered_ = 0;
    bool faulty_ = false;
};

/// The requests of a hand-written client, all on one thread. `Driver` has `send(request&, asked)`.
template <class Driver>
class request_loop {
public:
    request_loop(plan const& p, meter& m, Driver& d) : meter_(m), driver_(d) {
        requests_.reserve(p.what.concurrency);
        for (std::uint32_t i = 0; i < p.what.concurrency; ++i) requests_.emplace_back(p, i);
    }

    /// Begins them all.
    void begin() {
        for (auto& r : requests_) begin(r, clock::now());
    }

    /// A reply to a query of `r` has come. `fault`: what is wrong with it, nullptr if nothing is.
    void answered(request& r, query what, std::int64_t next, char const* fault) {
        if (fault) {
            meter_.fail(0, fault);
            r.failed();
        } else {
            for (auto const& q : r.answered(what, next)) driver_.send(r, q);
        }
        if (r.finished()) finish(r);
    }

    /// True until the last has ended.
    [[nodiscard]] bool running() const noexcept { return in_flight_ > 0; }

    /// The position of a request: the order in which they were begun first.
    [[nodiscard]] std::size_t index_of(request const& r) const noexcept {
        return static_cast<std::size_t>(&r - requests_.data());
    }

private:
    void begin(request& r, clock::time_point now) {
        ++in_flight_;
        for (auto const& q : r.begin(now)) driver_.send(r, q);
    }

    void finish(request& r) {
        auto const now = clock::now();
        --in_flight_;
        if (!r.faulty()) meter_.complete(0, r.started(), now);
        if (meter_.running()) begin(r, now);
    }

    meter& meter_;
    Driver& driver_;
    std::vector<request> requests_;
    std::size_t in_flight_ = 0;
};

/// A hand-written loop as a client.
[[nodiscard]] constexpr client raw_client(std::string_view about, void (*run)(plan const&, meter&)) {
    return {.name = "raw",
            .about = about,
            .loops = no_loop,
            .most_in_flight = unlimited,
            .why_not_more = "",
            .most_connections = unlimited,
            .run = run,
            .lane_per_connection = false};
}

} // namespace coda::bench
