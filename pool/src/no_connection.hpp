// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/error.hpp>

namespace coda::detail {

// The error of one who got no connection, with all that explains it. Without memory for that there is still the code.
error no_connection(error_code reason, std::string_view name, duration waited, pool_counts const& counts,
                    std::optional<error> const& last_connect_error) noexcept;

} // namespace coda::detail
