// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include <openssl/err.h>

namespace coda::mongo::detail {

namespace {

// OpenSSL's errors are the thread's: neither does what others left there concern this fiber, nor what it leaves others.
void forget_openssls_errors() noexcept {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

} // namespace

void wire::begin(fiber& f) noexcept {
    on_ = &f;
    failure_ = {};
    bytes_written_ = 0;
    forget_openssls_errors();
}

void wire::end() noexcept {
    on_ = nullptr;
    forget_openssls_errors();
}

result<> wire::wait(stream_wait& w) {
    if (!busy()) return error(coda::errc::closed);
    auto const waited = on_->wait(w);
    forget_openssls_errors();
    return waited;
}

} // namespace coda::mongo::detail
