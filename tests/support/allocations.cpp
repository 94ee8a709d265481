// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t never = static_cast<std::size_t>(-1);

constinit thread_local std::size_t made = 0;
constinit thread_local std::size_t passing = never;
constinit thread_local bool fails_on = false;
constinit thread_local bool failed = false;
constinit std::atomic<long> live = 0;

bool must_fail() noexcept {
    if (passing == never) return false;
    if (passing > 0) {
        --passing;
        return false;
    }
    failed = true;
    if (!fails_on) passing = never;
    return true;
}

void* allocate(std::size_t size) {
    if (must_fail()) throw std::bad_alloc();
    void* p = std::malloc(size > 0 ? size : 1);
    if (p == nullptr) throw std::bad_alloc();
    ++made;
    live.fetch_add(1, std::memory_order_relaxed);
    return p;
}

void release(void* p) noexcept {
    if (p == nullptr) return;
    live.fetch_sub(1, std::memory_order_relaxed);
    std::free(p);
}

} // namespace

// All forms, since a sanitizer's own would not know what ours have made.
void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* p) noexcept { release(p); }
void operator delete[](void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t) noexcept { release(p); }
void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
    try {
        return allocate(size);
    } catch (std::bad_alloc const&) {
        return nullptr;
    }
}
void operator delete(void* p, std::nothrow_t const&) noexcept { release(p); }

namespace coda::test {

std::size_t allocations() noexcept { return made; }
long live_allocations() noexcept { return live.load(std::memory_order_relaxed); }

failing_allocation::failing_allocation(std::size_t count, then after) noexcept {
    failed = false;
    fails_on = after == then::fail;
    passing = count;
}

failing_allocation::~failing_allocation() {
    passing = never;
    fails_on = false;
}

bool failing_allocation::happened() const noexcept { return failed; }

} // namespace coda::test
