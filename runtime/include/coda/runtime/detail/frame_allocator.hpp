// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define CODA_FRAMES_FROM_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CODA_FRAMES_FROM_HEAP 1
#endif
#endif

namespace coda::detail {

// Coroutine frames come from per-thread free lists, so that a warm program makes none through the heap. A frame freed
// by another thread joins that thread's lists. Under ASan every frame is the heap's own, so that its bugs are seen. The
// usual case is inline: a frame's size is a constant, so it is a few instructions.

struct free_frame_block {
    free_frame_block* next;
    std::size_t count; // of this and those behind it
};

inline constexpr std::size_t frame_granule = 64;
inline constexpr std::size_t largest_frame_kept = 4096;
inline constexpr std::size_t frame_bytes_kept = std::size_t{1} << 20; // that one thread keeps of one size

constexpr std::size_t frame_class(std::size_t size) noexcept { return (size - 1) / frame_granule; }

// Trivially destructible, so that using it needs no check whether it was made; emptied when the thread ends.
extern constinit thread_local std::array<free_frame_block*, largest_frame_kept / frame_granule> free_frames;

void* allocate_frame_from_heap(std::size_t size);
void free_first_or_surplus_frame(void* frame, std::size_t size) noexcept;

// Throws std::bad_alloc.
inline void* allocate_frame(std::size_t size) {
#ifndef CODA_FRAMES_FROM_HEAP
    if (size <= largest_frame_kept) {
        free_frame_block*& first = free_frames[frame_class(size)];
        if (first != nullptr) [[likely]] {
            free_frame_block* const block = first;
            first = block->next;
            return block;
        }
    }
#endif
    return allocate_frame_from_heap(size);
}

inline void free_frame(void* frame, std::size_t size) noexcept {
#ifndef CODA_FRAMES_FROM_HEAP
    if (size <= largest_frame_kept) {
        std::size_t const index = frame_class(size);
        free_frame_block*& first = free_frames[index];
        if (first != nullptr && first->count < frame_bytes_kept / ((index + 1) * frame_granule)) [[likely]] {
            first = new (frame) free_frame_block{first, first->count + 1};
            return;
        }
    }
#endif
    free_first_or_surplus_frame(frame, size);
}

} // namespace coda::detail
