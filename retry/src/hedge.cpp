// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/hedge.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda {

result<> check(hedge_options const& o) {
    return first_error({check_duration("after", o.after), check_range("percentile", o.percentile, 0, 99)});
}

bool hedge::may_try_again(detail::first_success const& race) noexcept {
    if (race.cancelled() || race.running() == 0) return false;
    return options_.budget == nullptr || options_.budget->withdraw();
}

void hedge::ended(duration took, bool succeeded) noexcept {
    if (!succeeded) return;
    if (options_.percentile != 0) percentile_.add(took);
    if (options_.budget != nullptr) options_.budget->deposit();
}

} // namespace coda
