// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <boost/system/errc.hpp>

namespace coda::redis::detail {

execution::execution(session* on, command_view const& command, when_left what, take_function take) noexcept
    : pipelined_request(on, what), command_(command), take_(take) {}

error execution::out_of_memory() noexcept {
    return {make_error_code(boost::system::errc::not_enough_memory), outcome::completed};
}

} // namespace coda::redis::detail
