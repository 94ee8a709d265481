// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/options.hpp>
#include <coda/pool/sharing_options.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda {

namespace {

result<> check_backoff(duration first, duration most) {
    auto const checked = first_error({check_duration("first_backoff", first), check_duration("max_backoff", most)});
    if (checked.has_error() || most >= first) return checked;
    return error(make_error_code(errc::invalid_argument), "max_backoff must not be less than first_backoff");
}

} // namespace

result<> check(pool_options const& o) {
    return first_error({
        check_range("max_size", o.max_size, 1, 100'000),
        check_range("min_size", o.min_size, 0, o.max_size),
        check_range("keep", o.keep, o.min_size, 100'000),
        check_range("max_connecting", o.max_connecting, 1, 1'000),
        check_range("max_waiters", o.max_waiters, 1, 10'000'000),
        check_duration("acquire_timeout", o.acquire_timeout),
        check_duration("connect_timeout", o.connect_timeout),
        check_duration("max_idle_time", o.max_idle_time),
        check_duration("max_lifetime", o.max_lifetime),
        check_range("max_uses", o.max_uses, 1, 1'000'000'000),
        check_duration_or_zero("validate_after_idle", o.validate_after_idle),
        check_duration("validate_timeout", o.validate_timeout),
        check_duration("ping_after_idle", o.ping_after_idle),
        check_duration("reset_timeout", o.reset_timeout),
        check_duration_or_zero("close_timeout", o.close_timeout),
        check_duration("leak_warning_after", o.leak_warning_after),
        check_duration_or_zero("upkeep_interval", o.upkeep_interval),
        check_backoff(o.first_backoff, o.max_backoff),
    });
}

result<> check(sharing_options const& o) {
    return first_error({
        check_range("connections", o.connections, 1, 1'000),
        check_range("max_waiting", o.max_waiting, 1, 10'000'000),
        check_duration("wait_timeout", o.wait_timeout),
        check_duration("connect_timeout", o.connect_timeout),
        check_duration("drain_timeout", o.drain_timeout),
        check_backoff(o.first_backoff, o.max_backoff),
    });
}

} // namespace coda
