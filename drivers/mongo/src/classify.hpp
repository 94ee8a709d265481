// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/error.hpp>

namespace coda::mongo::detail {

// What may be done about a server's error: by its number alone, and by its labels and its number (MongoDB's
// specifications of retryable reads, retryable writes and transactions; the table is in docs/retry.md).
error_class class_of(std::int32_t code) noexcept;
error_class class_of(server_error const& said) noexcept;

} // namespace coda::mongo::detail
