// SPDX-License-Identifier: BSL-1.0
#include "pipeline.hpp"

#include <cassert>
#include <utility>

namespace coda::pg::detail {

// The parts of a batch are beyond the bound of what is in flight: its caller bounds them.
void pipeline::push(statement_sent s) {
    if (sent_.full()) sent_.set_capacity(2 * sent_.capacity());
    sent_.push_back(s);
}

// Before the end of its batch.
void pipeline::push_part(statement_sent s) {
    push(sent_.back());
    sent_[sent_.size() - 2] = s;
}

void pipeline::sent_part(sending how) {
    if (sent_.size() > 1 && !how.prepares) {
        statement_sent& before = sent_[sent_.size() - 2];
        if (before.part && !before.last && !before.prepares && before.statement == how.statement) {
            ++before.to_come;
            return;
        }
    }
    push_part({.statement = how.statement, .to_come = 1u + how.prepares, .prepares = how.prepares, .part = true});
}

// The commands of one statement answer in order: those before the last only matter when they fail, and after a failure
// the rest of its Sync is skipped.
pipeline::step pipeline::on_reply(reply r) noexcept {
    assert(!sent_.empty());
    statement_sent& s = sent_.front();
    pipeline_request* const owner = current();
    if (s.part) return on_part(r);
    if (s.script) return on_script(r);
    if (r == reply::sync) return on_sync();
    if (r == reply::row) return at_rows() ? step{step::what::row, owner} : step{step::what::broken, owner};
    if (s.to_come == 0) return r == reply::failure ? failed_at_sync() : step{step::what::broken, owner};

    bool const by_itself = r == reply::failure && !s.failed && !s.at_fence();
    bool const not_run =
        r == reply::refused || (r == reply::skipped && !s.failed) || (r == reply::failure && s.at_fence());
    s.again = s.again || not_run;
    s.failed = s.failed || by_itself;
    --s.to_come;
    bool const is_result = owner != nullptr && !s.again && (by_itself || (r == reply::success && s.to_come == 0));
    bool const through = s.to_come == 0 && !s.last;
    bool const told = through && end_front() != nullptr;
    if (is_result) return {told ? step::what::answer : step::what::result, owner};
    return told ? step{step::what::ended, owner} : step{};
}

// One that cannot be prepared has failed with that; that it is not executed either says nothing more.
pipeline::step pipeline::on_part(reply r) noexcept {
    using what = step::what;
    statement_sent& s = sent_.front();
    pipeline_request* const owner = current();
    auto const told = [owner](what does) { return owner != nullptr ? step{does, owner} : step{}; };
    if (s.to_come == 0) { // at a Sync
        if (r == reply::failure) return std::exchange(s.failed, true) ? step{} : told(what::result);
        if (r != reply::sync) return {what::broken, owner};
        sent_.pop_front();
        return told(what::synced);
    }
    if (r == reply::sync || r == reply::row) return {what::broken, owner};
    bool const preparation = at_preparation();
    bool const known = s.failed;
    s.failed = preparation && r == reply::failure;
    if (--s.to_come == 0) sent_.pop_front();
    if (r == reply::failure) return told(what::part);
    if (preparation || known) return {};
    return told(r == reply::skipped ? what::skipped : what::part);
}

// Its rows are nobody's.
pipeline::step pipeline::on_script(reply r) noexcept {
    pipeline_request* const owner = current();
    if (r == reply::row) return {};
    if (r == reply::skipped || r == reply::refused) return {step::what::broken, owner};
    if (r == reply::sync) end_front();
    if (owner == nullptr) return {};
    return {r == reply::sync ? step::what::ended : step::what::result, owner};
}

// The transaction could not end: the result of a statement that has it alone. A group has only read, and what it read
// stands.
pipeline::step pipeline::failed_at_sync() noexcept {
    statement_sent& s = sent_.front();
    bool const first = !std::exchange(s.failed, true);
    if (s.grouped || !first || current() == nullptr) return {};
    return {step::what::result, current()};
}

pipeline::step pipeline::on_sync() noexcept {
    statement_sent const& s = sent_.front();
    if (!s.last || s.open || (s.to_come > 0 && !s.failed && !s.again)) return {step::what::broken, current()};
    pipeline_request* const owner = end_front();
    send_again();
    return owner != nullptr ? step{step::what::ended, owner} : step{};
}

// Gives who is to be told.
pipeline_request* pipeline::end_front() noexcept {
    statement_sent const s = sent_.front();
    sent_.pop_front();
    unowned_ -= s.unowned ? 1 : 0;
    pipeline_request* const owner = answered();
    if (!s.again) return owner;
    if (owner != nullptr) set_aside(*owner);
    return nullptr;
}

} // namespace coda::pg::detail
