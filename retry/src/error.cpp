// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/error.hpp>

#include <fmt/format.h>

namespace coda {

namespace {

class category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "coda.retry"; }
    std::string message(int code) const override {
        switch (static_cast<retry_errc>(code)) {
        case retry_errc::circuit_open: return "the circuit breaker is open";
        case retry_errc::isolated: return "the circuit breaker is isolated";
        case retry_errc::rate_limited: return "the rate limit leaves no turn before the deadline";
        }
        return "unknown coda.retry error";
    }
    // What is not let through is to end at once: that is what it is for.
    boost::system::error_condition default_error_condition(int) const noexcept override {
        return error_class::permanent;
    }
};

} // namespace

boost::system::error_category const& retry_category() noexcept {
    static category const instance;
    return instance;
}

error_code make_error_code(retry_errc code) noexcept { return {static_cast<int>(code), retry_category()}; }

std::string retry_error::message() const {
    return fmt::format("{}; {} attempt{}, {}", attempts.back().message(), attempts.size(),
                       attempts.size() == 1 ? "" : "s", to_string(why));
}

} // namespace coda
