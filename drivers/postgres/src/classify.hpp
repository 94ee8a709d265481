// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error_class.hpp>

#include <string_view>

namespace coda::pg::detail {

// What may be done about an error with this SQLSTATE (PostgreSQL manual, appendix A; the table is in docs/retry.md).
error_class class_of_sqlstate(std::string_view five_characters) noexcept;

} // namespace coda::pg::detail
