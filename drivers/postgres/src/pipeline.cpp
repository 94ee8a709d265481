// SPDX-License-Identifier: BSL-1.0
#include "pipeline.hpp"

#include <cassert>

namespace coda::pg::detail {

// The commands of one statement answer in order: those before the last only matter when they fail, and after a failure
// the rest of its Sync is skipped.
pipeline::step pipeline::on_reply(reply r) noexcept {
    assert(!sent_.empty());
    statement_sent& s = sent_[current_];
    pipeline_request* const owner = current();
    if (r == reply::sync) return on_sync();
    if (s.to_come == 0) return r == reply::failure ? failed_at_sync() : step{step::what::broken, owner};

    bool const first_failure = r == reply::failure && !s.failed && !s.at_fence();
    s.again =
        s.again || r == reply::refused || (r == reply::skipped && !s.failed) || (r == reply::failure && s.at_fence());
    s.failed = s.failed || first_failure;
    --s.to_come;
    bool const final_success = r == reply::success && s.to_come == 0;
    if (s.to_come == 0 && !s.last) ++current_;
    if (owner == nullptr || s.again || !(first_failure || final_success)) return {};
    return {step::what::result, owner};
}

// The transaction could not end. Of one statement it is the result; a group has only read, and is sent again.
pipeline::step pipeline::failed_at_sync() noexcept {
    if (current_ > 0) {
        for (std::size_t i = 0; i <= current_; ++i) sent_[i].again = !sent_[i].failed;
        return {};
    }
    bool const first = !std::exchange(sent_[0].failed, true);
    return first && current() != nullptr ? step{step::what::result, current()} : step{};
}

pipeline::step pipeline::on_sync() noexcept {
    statement_sent const& s = sent_[current_];
    if (!s.last || (s.to_come > 0 && !s.failed && !s.again)) return {step::what::broken, current()};
    ending_ = current_ + 1;
    current_ = 0;
    return {step::what::ended};
}

std::optional<pipeline_request*> pipeline::end_one() noexcept {
    if (ending_ == 0) return std::nullopt;
    statement_sent const s = sent_.front();
    sent_.pop_front();
    unowned_ -= s.unowned ? 1 : 0;
    pipeline_request* const owner = answered();
    if (s.again && owner != nullptr) again_.push_back(*owner);
    if (--ending_ == 0) requeue(again_);
    return s.again ? nullptr : owner;
}

} // namespace coda::pg::detail
