// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/postgres/detail/batch.hpp>

#include <algorithm>

namespace coda::pg::detail {

namespace {

// By the tag of a command: nothing else is sure to have left the flight's transaction open, so that it can be undone.
bool is_of_data(std::string_view tag) noexcept {
    constexpr std::string_view tags[] = {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"};
    return std::ranges::any_of(tags, [&](auto t) { return tag.starts_with(t); });
}

} // namespace

batch::step batch::turn() noexcept { return {*this, step::what::turn}; }

bool batch::add(statement_view const& s) {
    if (at != stage::sent || hopeless()) return false;
    if (added_ > 0 && added_ % chunk_ == 0 && !on()->sync_batch(*this)) return false;
    if (!on()->send_part(*this, s)) return false;
    ++added_;
    ++part_statements_;
    part_bytes_ += size_of(s);
    return true;
}

batch::step batch::part() noexcept {
    to_answer_ = std::exchange(part_began_, added_);
    part_bytes_ = 0;
    part_statements_ = 0;
    if (at == stage::sent) on()->push_batch();
    return {*this, step::what::part};
}

batch::step batch::end(keep what) noexcept {
    if (at == stage::sent) on()->end_batch(what == keep::all);
    return {*this, step::what::end};
}

void batch::note(error const& e, std::optional<std::size_t> place) noexcept {
    chunk_failed_ = true;
    if (failure_) return;
    failure_ = e;
    failed_at_ = place;
}

void batch::take(result<result_set>&& reply) noexcept {
    if (reply.has_error()) note(reply.error(), std::nullopt);
}

// What answers more than was added is the answer to what undoes the rest.
void batch::take_part(result<result_set>&& reply) noexcept {
    if (reply.has_error()) {
        if (answered_ < added_)
            note(reply.error(), answered_);
        else
            chunk_failed_ = true;
    } else {
        if (!is_of_data(reply->command())) repeats_ = repeats::never;
        ++chunk_stored_;
        chunk_affected_ += reply->affected();
        if (answered_ < results_.size()) results_[answered_] = std::move(*reply);
    }
    ++answered_;
}

void batch::synced() noexcept {
    if (!std::exchange(chunk_failed_, false)) {
        stored_ += chunk_stored_;
        affected_ += chunk_affected_;
    }
    chunk_stored_ = 0;
    chunk_affected_ = 0;
}

// An error of the server's that came before the connection was lost stands where nothing else can have happened.
result<> batch::outcome_of(bool ended) noexcept {
    if (failure_ && at == stage::idle) return *failure_; // it was not queued
    if (ended && !failed()) synced();
    if (failed() && !hopeless()) {
        failed_at_.reset();
        return *failed();
    }
    if (ended && failure_) return *failure_;
    return {};
}

} // namespace coda::pg::detail
