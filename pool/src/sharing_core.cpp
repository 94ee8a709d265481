// SPDX-License-Identifier: BSL-1.0
#include "connect_backoff.hpp"
#include "no_connection.hpp"
#include "pool_journal.hpp"

#include <coda/pool/detail/sharing_core.hpp>

#include <vector>

namespace coda::detail {

namespace {

constexpr std::size_t most_opening = 2; // at once

} // namespace

bool should_open_another(std::size_t open, std::size_t opening, std::size_t limit, std::size_t least_load) noexcept {
    if (opening >= most_opening || open + opening >= limit) return false;
    return open == 0 ? opening == 0 : least_load > opening;
}

struct sharing_core::state {
    explicit state(sharing_options const& o)
        : journal(o.name, o.listener), random(seed_or_random(o.jitter_seed)), backoff(o.first_backoff, o.max_backoff) {
        under_way.reserve(most_opening);
    }
    void no_longer_under_way(std::uint64_t number) noexcept {
        std::erase(under_way, number);
        --count.connecting;
    }

    pool_journal journal;
    jitter random;
    connect_backoff backoff;
    std::optional<error> last_error;
    pool_counts count;
    std::uint64_t last_number = 0;
    std::vector<std::uint64_t> under_way; // attempts
    bool closed = false;
};

sharing_core::sharing_core(sharing_options const& o) : state_(std::make_unique<state>(o)) {
    state_->journal.pool_created(nullptr);
    state_->journal.pool_ready();
}

sharing_core::~sharing_core() = default;

std::uint64_t sharing_core::begun() noexcept {
    ++state_->count.connecting;
    state_->under_way.push_back(++state_->last_number);
    state_->journal.connection_created(state_->last_number);
    return state_->last_number;
}

void sharing_core::connected(std::uint64_t number, duration took) noexcept {
    state_->no_longer_under_way(number);
    ++state_->count.opened;
    state_->backoff.succeeded();
    state_->last_error.reset();
    state_->journal.connection_ready(number, took);
}

void sharing_core::failed(std::uint64_t number, error const& why, time_point now) noexcept {
    state_->no_longer_under_way(number);
    ++state_->count.connect_failures;
    state_->last_error = why;
    state_->journal.connection_closed(number, close_reason::error, &why);
    state_->journal.backing_off(state_->backoff.failed(now, state_->random), why);
}

void sharing_core::given_up(std::uint64_t number) noexcept {
    state_->no_longer_under_way(number);
    state_->journal.connection_closed(number, close_reason::pool_closed);
}

void sharing_core::ended(std::uint64_t number, close_reason reason, error const* why) noexcept {
    ++state_->count.closed;
    state_->journal.connection_closed(number, reason, why);
}

void sharing_core::closed() noexcept {
    while (!state_->under_way.empty()) given_up(state_->under_way.front());
    if (!std::exchange(state_->closed, true)) state_->journal.pool_closed();
}

time_point sharing_core::retry_at() const noexcept { return state_->backoff.retry_at(); }

bool sharing_core::hopeless() const noexcept {
    return state_->last_error && state_->last_error->kind() == error_class::permanent;
}

std::optional<error> const& sharing_core::last_error() const noexcept { return state_->last_error; }

void sharing_core::served(duration waited) noexcept { state_->journal.waited(waited); }

error sharing_core::not_served(error const& why, duration waited, pool_counts const& now) noexcept {
    ++state_->count.refused;
    if (why.code() != errc::timed_out && why.code() != errc::queue_full) return why.with_outcome(outcome::not_sent);
    return no_connection(why.code(), state_->journal.name(), waited, now, state_->last_error);
}

pool_counts const& sharing_core::counts() const noexcept { return state_->count; }

pool_statistics sharing_core::statistics(pool_counts const& now) const noexcept {
    pool_statistics s;
    static_cast<pool_counts&>(s) = now;
    s.state = state_->closed ? pool_state::closed : pool_state::ready;
    s.wait = state_->journal.wait();
    s.connect = state_->journal.connect();
    return s;
}

} // namespace coda::detail
