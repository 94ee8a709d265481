// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/redis/detail/arguments.hpp>

namespace coda::redis::detail {

// The command as it goes over the wire (an array of bulk strings), into `to`, whose memory is used again.
void frame(command_view const& command, std::string& to);

// How long that is.
std::size_t framed_size(command_view const& command) noexcept;

} // namespace coda::redis::detail
