// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace coda::pg::detail {

// This thread's socket that takes nothing, since its other end is full and nobody reads there, and that has nothing to
// be read. Made when it is first needed, closed when the thread ends. -1: it could not be made, or the thread ends.
int full_socket() noexcept;

// A descriptor that is not one of the standard ones, whatever of these is closed. -1 with errno.
int duplicate(int fd) noexcept;

} // namespace coda::pg::detail
