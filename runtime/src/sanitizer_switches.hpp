// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

// Telling the sanitizers that another stack is about to be used; nothing without them.

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CODA_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define CODA_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CODA_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define CODA_TSAN 1
#endif

#ifdef CODA_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef CODA_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace coda::detail {

#ifdef CODA_ASAN
inline void asan_before_switch(void** fake_stack, void const* bottom, std::size_t size) noexcept {
    __sanitizer_start_switch_fiber(fake_stack, bottom, size);
}
inline void asan_after_switch(void* fake_stack, void const** bottom, std::size_t* size) noexcept {
    __sanitizer_finish_switch_fiber(fake_stack, bottom, size);
}
#else
inline void asan_before_switch(void**, void const*, std::size_t) noexcept {}
inline void asan_after_switch(void*, void const**, std::size_t*) noexcept {}
#endif

#ifdef CODA_TSAN
inline void* tsan_create() noexcept { return __tsan_create_fiber(0); }
inline void tsan_destroy(void* fiber) noexcept { __tsan_destroy_fiber(fiber); }
inline void* tsan_current() noexcept { return __tsan_get_current_fiber(); }
inline void tsan_switch(void* fiber) noexcept { __tsan_switch_to_fiber(fiber, 0); }
#else
inline void* tsan_create() noexcept { return nullptr; }
inline void tsan_destroy(void*) noexcept {}
inline void* tsan_current() noexcept { return nullptr; }
inline void tsan_switch(void*) noexcept {}
#endif

} // namespace coda::detail
