// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime/detail/frame_allocator.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/task.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace runtime_frame_allocator_test {

using coda::detail::allocate_frame;
using coda::detail::free_frame;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool frames_recycle = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool frames_recycle = false;
#else
constexpr bool frames_recycle = true;
#endif
#else
constexpr bool frames_recycle = true;
#endif

struct block {
    unsigned char* at;
    std::size_t size;
    unsigned char mark;
};

TEST(frame_allocator, blocks_are_aligned_and_do_not_overlap) {
    std::mt19937 random(7);
    std::vector<block> blocks;
    for (int step = 0; step < 20'000; ++step) {
        if (blocks.size() < 200 || random() % 2 == 0) {
            std::size_t const size = 1 + random() % (random() % 10 == 0 ? 10'000 : 600);
            auto* p = static_cast<unsigned char*>(allocate_frame(size));
            ASSERT_EQ(reinterpret_cast<std::uintptr_t>(p) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
            auto const mark = static_cast<unsigned char>(random());
            std::memset(p, mark, size);
            blocks.push_back({p, size, mark});
        } else {
            std::swap(blocks[random() % blocks.size()], blocks.back());
            block const b = blocks.back();
            for (std::size_t i = 0; i < b.size; ++i) ASSERT_EQ(b.at[i], b.mark);
            free_frame(b.at, b.size);
            blocks.pop_back();
        }
    }
    for (auto const& b : blocks) free_frame(b.at, b.size);
}

TEST(frame_allocator, gives_again_what_was_freed) {
    if (!frames_recycle) return; // under the address sanitizer each frame is the heap's own
    void* const first = allocate_frame(200);
    free_frame(first, 200);
    void* const second = allocate_frame(193); // the same size, rounded
    EXPECT_EQ(first, second);
    free_frame(second, 193);
}

TEST(frame_allocator, large_frames_are_the_heaps) {
    auto const before = coda::test::live_allocations();
    for (int i = 0; i < 3; ++i) free_frame(allocate_frame(100'000), 100'000);
    EXPECT_EQ(coda::test::live_allocations(), before);
}

TEST(frame_allocator, keeps_a_bounded_amount) {
    constexpr std::size_t size = 4096;
    free_frame(allocate_frame(64), 64); // what the thread notes once
    auto const before = coda::test::live_allocations();
    std::vector<void*> blocks;
    for (int i = 0; i < 2000; ++i) blocks.push_back(allocate_frame(size));
    for (void* p : blocks) free_frame(p, size);
    std::vector<void*>().swap(blocks);
    EXPECT_LE(coda::test::live_allocations() - before, 256); // 1 MiB
}

TEST(frame_allocator, thread_gives_its_frames_back_when_it_ends) {
    auto const before = coda::test::live_allocations();
    std::thread([] {
        std::vector<void*> blocks;
        for (int i = 0; i < 100; ++i) blocks.push_back(allocate_frame(300));
        for (void* p : blocks) free_frame(p, 300);
    }).join();
    EXPECT_EQ(coda::test::live_allocations(), before);
}

TEST(frame_allocator, frame_may_be_freed_by_another_thread) {
    auto const before = coda::test::live_allocations();
    std::thread([] {
        std::vector<void*> blocks;
        for (int i = 0; i < 100; ++i) blocks.push_back(allocate_frame(300));
        std::thread([&] {
            for (void* p : blocks) free_frame(p, 300);
        }).join();
    }).join();
    EXPECT_EQ(coda::test::live_allocations(), before);
}

// Destroyed after the thread's free lists are, because it was made before them.
struct frees_late {
    ~frees_late() {
        if (frame != nullptr) free_frame(frame, 300);
        free_frame(allocate_frame(300), 300);
    }
    void* frame = nullptr;
};

TEST(frame_allocator, serves_destructors_that_run_when_its_thread_has_ended) {
    auto const before = coda::test::live_allocations();
    std::thread([] {
        static thread_local frees_late late;
        late.frame = nullptr;
        late.frame = allocate_frame(300);
        free_frame(allocate_frame(300), 300);
    }).join();
    EXPECT_EQ(coda::test::live_allocations(), before);
}

// Not inlined: where the caller destroys the task, clang would need no frame.
[[gnu::noinline]] coda::task<int> child(int x) { co_return x; }

TEST(frame_allocator, failure_is_a_bad_alloc_at_the_call) {
    std::thread([&] { // with empty lists
        coda::test::failing_allocation const fails(0);
        EXPECT_THROW(static_cast<void>(child(1)), std::bad_alloc);
        auto const next = child(2);
        EXPECT_TRUE(next.valid());
    })
        .join();
}

} // namespace runtime_frame_allocator_test
