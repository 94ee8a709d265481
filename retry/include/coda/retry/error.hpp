// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/decision.hpp>
#include <coda/runtime/error.hpp>

#include <vector>

/// What this module's parts say when they end a call themselves.
///
///     if (r.error().code() == coda::retry_errc::circuit_open) ...
///     if (auto* tried = r.error().details<coda::retry_error>()) log(tried->attempts.size());
namespace coda {

/// Codes, in category "coda.retry"; all with outcome not_sent. A full queue is coda::errc::queue_full.
enum class retry_errc {
    circuit_open = 1, ///< the circuit breaker is open: too many calls failed lately
    isolated,         ///< the circuit breaker was isolated by hand
    rate_limited,     ///< the rate limiter's turn for it comes after its deadline
};

/// The category of `retry_errc`.
boost::system::error_category const& retry_category() noexcept;
/// A `retry_errc` as an error code.
error_code make_error_code(retry_errc) noexcept;

/// What `retry` adds to the error of its last attempt, whose code it keeps and whose own details are still found:
/// `details<pg::server_error>()`, say. Where an attempt before may have been done, the outcome is `unknown`.
class retry_error final : public error_details {
public:
    retry_error(std::vector<error> made, verdict reason) noexcept : attempts(std::move(made)), why(reason) {}

    std::vector<error> attempts; ///< how each ended, the first first; never empty
    verdict why;                 ///< there was no other

    /// "connection lost; 3 attempts, no more attempts are allowed".
    std::string message() const override;
    error_details const* inner() const noexcept override { return attempts.back().details<error_details>(); }
};

} // namespace coda

template <>
struct boost::system::is_error_code_enum<coda::retry_errc> : std::true_type {};
