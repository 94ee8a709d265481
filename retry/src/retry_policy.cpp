// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/retry_policy.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda {

result<> check(retry_policy const& p) {
    return first_error({check_range("max_attempts", p.max_attempts, 1, 1'000), check(p.backoff)});
}

} // namespace coda
