// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fiber_host.hpp"

#include <coda/runtime/fiber_stacks.hpp>

#include <memory>
#include <vector>

namespace coda::detail {

class fiber_pool {
public:
    // Throws `exception` for an option out of its range.
    explicit fiber_pool(fiber_options const& options);
    ~fiber_pool();

    // Throws std::bad_alloc.
    fiber_host& take();
    void give_back(fiber_host& h) noexcept;

    std::size_t in_use() const noexcept { return hosts_.size() - idle_.size(); }
    std::size_t idle() const noexcept { return idle_.size(); }
    std::size_t high_water_mark() const;

private:
    void remove(fiber_host& h) noexcept;

    fiber_options options_;
    std::vector<std::unique_ptr<fiber_host>> hosts_;
    std::vector<fiber_host*> idle_;
    std::size_t most_used_ = 0; // by those that are no more
};

} // namespace coda::detail
