// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/detail/attempts.hpp>
#include <coda/retry/error.hpp>
#include <coda/runtime/loop.hpp>

#include <memory>
#include <new>

namespace coda::detail {

std::optional<duration> attempts::failed(error e) {
    ++count_;
    auto const next = decide_on(e);
    why_ = next.what;
    try {
        made_.push_back(e);
    } catch (std::bad_alloc const&) {
        made_.clear(); // what was tried is worth less than an error that can be given
    }
    last_ = std::move(e);
    if (next.what != verdict::retry) return {};
    if (policy_.budget != nullptr) policy_.budget->withdraw();
    return next.wait;
}

decision attempts::decide_on(error const& e) {
    auto const kind = policy_.classify != nullptr ? policy_.classify(e) : e.kind();
    perhaps_done_ |= e.outcome() == outcome::unknown || kind == error_class::unconfirmed;
    previous_ = policy_.backoff.delay(static_cast<unsigned>(count_), previous_, policy_.random);
    return decide({.kind = kind,
                   .outcome = e.outcome(),
                   .idempotent = policy_.idempotent,
                   .attempts = count_,
                   .max_attempts = policy_.max_attempts,
                   .budget = policy_.budget == nullptr || policy_.budget->available() > 0,
                   .left = ctx_.deadline == no_deadline ? duration::max() : ctx_.deadline - ctx_.loop->now(),
                   .backoff = previous_,
                   .retry_after = e.retry_after()});
}

error attempts::failure() const {
    bool const nothing_to_say = count_ == 1 && (why_ == verdict::permanent || why_ == verdict::cancelled);
    if (nothing_to_say) return last_;
    return with_attempts(last_.code(), perhaps_done_ ? outcome::unknown : last_.outcome(), why_);
}

error attempts::interrupted(error const& why) const {
    return with_attempts(why.code(), perhaps_done_ ? outcome::unknown : outcome::not_sent, verdict::cancelled);
}

error attempts::with_attempts(error_code code, outcome what, verdict why) const {
    if (made_.size() != count_) return last_.code() == code ? last_.with_outcome(what) : error(code, what);
    try {
        return {code, what, std::make_shared<retry_error const>(made_, why)};
    } catch (std::bad_alloc const&) {
        return last_.code() == code ? last_.with_outcome(what) : error(code, what);
    }
}

} // namespace coda::detail
