// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/redis/error.hpp>

namespace coda::redis::detail {

// What may be done about an error reply, by its code and by all of its text (the table is in docs/retry.md).
error_class class_of(server_errc code) noexcept;
error_class class_of_reply(std::string_view text) noexcept;

} // namespace coda::redis::detail
