// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/circuit_breaker.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda {

result<> check(circuit_breaker_options const& o) {
    return first_error({
        check_range("failure_percent", o.failure_percent, 1, 100),
        check_range("minimum_calls", o.minimum_calls, 1, 1'000'000),
        check_duration("window", o.window),
        check_duration("open_for", o.open_for),
        check_range("probes", o.probes, 1, 1'000),
    });
}

std::string_view to_string(circuit_state s) noexcept {
    switch (s) {
    case circuit_state::closed: return "closed";
    case circuit_state::open: return "open";
    case circuit_state::half_open: return "half_open";
    case circuit_state::isolated: return "isolated";
    }
    return "invalid";
}

error circuit_breaker::refusal() const noexcept {
    return make_error_code(state_ == circuit_state::isolated ? retry_errc::isolated : retry_errc::circuit_open);
}

bool circuit_breaker::too_many_failed() const noexcept {
    return window_.calls() >= options_.minimum_calls &&
           window_.failures() * 100 >= window_.calls() * options_.failure_percent;
}

bool circuit_breaker::try_probe(time_point now) noexcept {
    if (state_ == circuit_state::open && now >= open_until_) change(circuit_state::half_open);
    if (state_ != circuit_state::half_open || probing_ + succeeded_ >= options_.probes) return false;
    ++probing_;
    return true;
}

void circuit_breaker::end_probe(health h, time_point now) noexcept {
    --probing_;
    if (h == health::bad) return open(now);
    if (h == health::good && ++succeeded_ == options_.probes) change(circuit_state::closed);
}

void circuit_breaker::open(time_point now) noexcept {
    open_until_ = now + options_.open_for;
    change(circuit_state::open);
}

void circuit_breaker::change(circuit_state to) noexcept {
    state_ = to;
    ++period_;
    probing_ = succeeded_ = 0;
    window_.clear();
}

} // namespace coda
