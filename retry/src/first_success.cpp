// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/detail/first_success.hpp>

namespace coda::detail {

void first_success::child_ended(child_promise_base& c) noexcept {
    if (!c.failed() && winner_ == nullptr) {
        winner_ = &c;
        source_.request();
    }
    perhaps_done_ |= c.failed() && (!c.failure() || c.failure()->outcome() == outcome::unknown);
    ended_.set();
    if (--running_ == 0 && joiner_.handle) context_.loop->schedule(joiner_);
}

error first_success::failure(child_promise_base const& first) const {
    auto const e = first.failure_or_throw();
    return perhaps_done_ ? e.with_outcome(outcome::unknown) : e;
}

} // namespace coda::detail
