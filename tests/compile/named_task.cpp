// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/operation.hpp>

coda::task<int> seven() { co_return 7; }

coda::task<int> caller() {
    auto named = seven();
#ifdef REFUSED
    int const x = co_await named;
#else
    int const x = co_await std::move(named);
#endif
    co_return x;
}
