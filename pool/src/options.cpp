// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/options.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda {

result<> check(pool_options const& o) {
    return first_error({
        check_range("max_size", o.max_size, 1, 100'000),
        check_range("max_connecting", o.max_connecting, 1, 1'000),
        check_range("max_waiters", o.max_waiters, 1, 10'000'000),
        check_duration("acquire_timeout", o.acquire_timeout),
        check_duration("connect_timeout", o.connect_timeout),
        check_duration_or_zero("validate_after_idle", o.validate_after_idle),
        check_duration("validate_timeout", o.validate_timeout),
        check_duration("reset_timeout", o.reset_timeout),
        check_duration_or_zero("close_timeout", o.close_timeout),
    });
}

} // namespace coda
