// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/asio_loop.hpp>
#include <coda/runtime/use_task.hpp>

#include <boost/asio/io_context.hpp>

namespace coda::detail {

asio::execution_context* context_of(loop& l) noexcept {
    auto* const on_asio = dynamic_cast<asio_loop*>(&l);
    return on_asio != nullptr ? &on_asio->context() : nullptr;
}

} // namespace coda::detail
