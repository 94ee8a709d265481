// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/detail/frame_allocator.hpp>

namespace coda::detail {

constinit thread_local std::array<free_frame_block*, largest_frame_kept / frame_granule> free_frames{};

namespace {

// Frames may be freed when the thread's lists have been given back, by a thread-local or static object's destructor:
// they are not kept.
constinit thread_local bool lists_gone = false;

struct list_cleaner {
    void come_to_life() const noexcept {}
    ~list_cleaner() {
        lists_gone = true;
        for (auto& first : free_frames)
            while (first != nullptr) {
                free_frame_block* const block = first;
                first = block->next;
                ::operator delete(block);
            }
    }
};
thread_local list_cleaner cleaner;

} // namespace

void* allocate_frame_from_heap(std::size_t size) {
    // Rounded in any case: code compiled without the sanitizer may keep it for another frame.
    return ::operator new(size <= largest_frame_kept ? (frame_class(size) + 1) * frame_granule : size);
}

void free_first_or_surplus_frame(void* frame, [[maybe_unused]] std::size_t size) noexcept {
#ifndef CODA_FRAMES_FROM_HEAP
    if (size <= largest_frame_kept) {
        free_frame_block*& first = free_frames[frame_class(size)];
        if (first == nullptr && !lists_gone) {
            cleaner.come_to_life();
            first = new (frame) free_frame_block{nullptr, 1};
            return;
        }
    }
#endif
    ::operator delete(frame);
}

} // namespace coda::detail
