// SPDX-License-Identifier: BSL-1.0
#include "memory.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CODA_ASAN
#endif
#endif

#ifdef CODA_ASAN
#include <sanitizer/allocator_interface.h>
#else
#include <malloc.h>
#endif

namespace coda::chaos {

std::size_t allocated_bytes() noexcept {
#ifdef CODA_ASAN
    return __sanitizer_get_current_allocated_bytes();
#else
    auto const info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

} // namespace coda::chaos
