// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include <openssl/err.h>

namespace coda::mongo::detail {

result<> wire::wait(stream_wait& w) {
    if (!busy()) return error(coda::errc::closed);
    auto const waited = on_->wait(w);
    ERR_clear_error(); // OpenSSL's errors are the thread's: other fibers may have left some
    return waited;
}

} // namespace coda::mongo::detail
