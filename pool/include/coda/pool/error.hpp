// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/statistics.hpp>
#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <optional>
#include <string>

namespace coda {

/// What a pool adds to errc::timed_out and errc::queue_full of an acquire: why there was no connection.
///
///     if (auto* why = r.error().details<coda::acquire_error>()) log(why->pool.in_use);
class acquire_error final : public error_details {
public:
    duration waited{};                       ///< by the task that gave up
    pool_statistics pool;                    ///< the pool when it did; it is no longer among the waiters
    std::optional<error> last_connect_error; ///< of the last attempt to connect, if that failed

    /// "no connection after 5000 ms: 10 in use, 0 connecting, 2 draining, 37 waiting; last connect error: ..."
    std::string message() const override;
};

} // namespace coda
