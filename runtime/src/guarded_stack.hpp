// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace coda::detail {

// Memory for a stack. Below it lies a page that cannot be accessed.
class guarded_stack {
public:
    // Throws std::bad_alloc.
    explicit guarded_stack(std::size_t size);
    ~guarded_stack();
    guarded_stack(guarded_stack const&) = delete;
    guarded_stack& operator=(guarded_stack const&) = delete;

    std::byte* bottom() const noexcept { return bottom_; }
    std::byte* top() const noexcept { return bottom_ + size_; } // where it begins: it grows downwards
    std::size_t size() const noexcept { return size_; }

    // Bytes from the top down to the lowest page that was ever touched.
    std::size_t used() const;

private:
    std::size_t size_;
    std::byte* bottom_;
    unsigned valgrind_id_;
};

} // namespace coda::detail
