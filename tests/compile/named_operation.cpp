// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/operation.hpp>

coda::operation<int> seven() { co_return 7; }

coda::task<int> caller() {
    auto named = seven();
#ifdef REFUSED
    auto const x = co_await coda::as_result(named);
#else
    auto const x = co_await coda::as_result(std::move(named));
#endif
    co_return x.value();
}
