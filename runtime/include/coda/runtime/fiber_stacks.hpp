// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

/// Stacks for fibers, made when needed and used again.
namespace coda {

/// The bounds of fiber_stacks.
struct fiber_options {
    /// Bytes of address space for one stack, rounded up to whole pages; memory is taken only for what is used of it.
    /// 16 KiB to 64 MiB. With OpenSSL in it C code has been seen to need some 20 KiB.
    std::size_t stack_size = 256 * 1024;
    /// Unused stacks kept for the next fiber. 0 to 100,000.
    std::size_t max_idle = 64;
};
static_assert(std::is_trivially_copyable_v<fiber_options>);

namespace detail {
class fiber_pool;
}

/// A pool of guarded stacks: below each lies a page that cannot be accessed, so that an overflow ends the program there
/// and then instead of overwriting something. Belongs to one loop's thread and must outlive the fibers on its stacks.
class fiber_stacks {
public:
    /// Throws `exception` (errc::invalid_argument, naming the option) for an option out of its range.
    explicit fiber_stacks(fiber_options options = fiber_options());
    ~fiber_stacks();
    fiber_stacks(fiber_stacks const&) = delete;
    fiber_stacks& operator=(fiber_stacks const&) = delete;

    /// Stacks with a fiber on them now.
    std::size_t in_use() const noexcept;
    /// Stacks that wait for one.
    std::size_t idle() const noexcept;
    /// The most bytes that any fiber has used of a stack, in whole pages: to choose stack_size by. It looks at every
    /// stack, which takes a system call each.
    std::size_t high_water_mark() const;

    /// For fibers.
    detail::fiber_pool& pool() noexcept { return *pool_; }

private:
    std::unique_ptr<detail::fiber_pool> pool_;
};

} // namespace coda
