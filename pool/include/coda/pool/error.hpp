// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/statistics.hpp>
#include <coda/runtime/error.hpp>

#include <optional>
#include <string>

namespace coda {

/// The pool's own error codes.
enum class pool_errc {
    paused = 1, ///< the pool is paused, or was cleared while one waited: nothing was sent, try again when it is ready
};

/// The category of `pool_errc`, named "coda.pool".
boost::system::error_category const& pool_category() noexcept;
/// A `pool_errc` as an error code.
error_code make_error_code(pool_errc) noexcept;

/// What a pool adds to errc::timed_out, errc::queue_full and pool_errc::paused of an acquire: why there was no
/// connection.
///
///     if (auto* why = r.error().details<coda::acquire_error>()) log(why->pool.in_use);
class acquire_error final : public error_details {
public:
    std::string pool_name;                   ///< pool_options::name
    duration waited{};                       ///< by the task that gave up
    pool_counts pool;                        ///< the pool when it did; it is no longer among the waiters
    bool paused = false;                     ///< whether that is the reason
    std::optional<error> last_connect_error; ///< of the last attempt to connect, if that failed

    /// "no connection after 5000 ms: 10 in use, 0 connecting, 2 draining, 37 waiting; last connect error: ..."
    std::string message() const override;
};

} // namespace coda

template <>
struct boost::system::is_error_code_enum<coda::pool_errc> : std::true_type {};
