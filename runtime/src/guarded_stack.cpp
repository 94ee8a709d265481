// SPDX-License-Identifier: BSL-1.0
#include "guarded_stack.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <vector>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0U
#define VALGRIND_STACK_DEREGISTER(id) static_cast<void>(id)
#endif

namespace coda::detail {

namespace {

std::size_t page_size() noexcept {
    static auto const size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

std::size_t whole_pages(std::size_t size) noexcept { return (size + page_size() - 1) / page_size() * page_size(); }

} // namespace

guarded_stack::guarded_stack(std::size_t size) : size_(whole_pages(size)) {
    void* const memory =
        mmap(nullptr, size_ + page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    bottom_ = static_cast<std::byte*>(memory) + page_size();
    if (mprotect(bottom_, size_, PROT_READ | PROT_WRITE) != 0) {
        munmap(memory, size_ + page_size());
        throw std::bad_alloc();
    }
    madvise(bottom_, size_, MADV_NOHUGEPAGE); // one huge page would be more than what most stacks need
    valgrind_id_ = VALGRIND_STACK_REGISTER(bottom_, top());
}

guarded_stack::~guarded_stack() {
    VALGRIND_STACK_DEREGISTER(valgrind_id_);
    munmap(bottom_ - page_size(), size_ + page_size());
}

std::size_t guarded_stack::used() const {
    std::vector<unsigned char> resident(size_ / page_size());
    if (mincore(bottom_, size_, resident.data()) != 0) return 0;
    auto const lowest = std::ranges::find_if(resident, [](unsigned char page) { return (page & 1) != 0; });
    return static_cast<std::size_t>(resident.end() - lowest) * page_size();
}

} // namespace coda::detail
