// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/retry_budget.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda {

result<> check(retry_budget_options const& o) {
    return first_error({check_range("burst", o.burst, 1, 1'000'000), check_range("percent", o.percent, 0, 1'000)});
}

} // namespace coda
