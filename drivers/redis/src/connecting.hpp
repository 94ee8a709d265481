// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "address.hpp"
#include "session.hpp"

#include <coda/runtime/operation.hpp>

namespace coda::redis::detail {

// Connects without blocking, from name resolution on, and logs in. Bounded by the context's deadline and cancellable at
// every step. All failures are not_sent.
operation<std::shared_ptr<session>> open_session(loop& l, std::shared_ptr<address const> to,
                                                 connection_options options);

// Brings a session back to where `open_session` left it, whatever its user did to it.
operation<> reset_session(std::shared_ptr<session> on, std::shared_ptr<address const> to, duration timeout);

} // namespace coda::redis::detail
