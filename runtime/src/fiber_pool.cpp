// SPDX-License-Identifier: BSL-1.0
#include "fiber_pool.hpp"

#include <coda/runtime/option_check.hpp>

#include <algorithm>
#include <cassert>

namespace coda::detail {

fiber_pool::fiber_pool(fiber_options const& options) : options_(options) {
    first_error({check_range("stack_size", options.stack_size, std::size_t{16} << 10, std::size_t{64} << 20),
                 check_range("max_idle", options.max_idle, 0, 100'000)})
        .value();
}

fiber_pool::~fiber_pool() { assert(in_use() == 0 && "fiber_stacks was destroyed with a fiber on one of them"); }

fiber_host& fiber_pool::take() {
    if (!idle_.empty()) {
        fiber_host& h = *idle_.back(); // used last: its pages are still in the caches
        idle_.pop_back();
        return h;
    }
    if (idle_.capacity() <= hosts_.size()) idle_.reserve(2 * hosts_.size() + 1); // so that giving back cannot fail
    hosts_.push_back(std::make_unique<fiber_host>(options_.stack_size));
    hosts_.back()->place = hosts_.size() - 1;
    return *hosts_.back();
}

void fiber_pool::give_back(fiber_host& h) noexcept {
    if (idle_.size() < options_.max_idle)
        idle_.push_back(&h);
    else
        remove(h);
}

void fiber_pool::remove(fiber_host& h) noexcept {
    try {
        most_used_ = std::max(most_used_, h.stack_used());
    } catch (std::bad_alloc const&) {} // only a figure is lost
    auto& place = hosts_[h.place];
    std::swap(place, hosts_.back());
    place->place = h.place;
    hosts_.pop_back();
}

std::size_t fiber_pool::high_water_mark() const {
    std::size_t most = most_used_;
    for (auto const& h : hosts_) most = std::max(most, h->stack_used());
    return most;
}

} // namespace coda::detail

namespace coda {

fiber_stacks::fiber_stacks(fiber_options options) : pool_(std::make_unique<detail::fiber_pool>(options)) {}
fiber_stacks::~fiber_stacks() = default;
std::size_t fiber_stacks::in_use() const noexcept { return pool_->in_use(); }
std::size_t fiber_stacks::idle() const noexcept { return pool_->idle(); }
std::size_t fiber_stacks::high_water_mark() const { return pool_->high_water_mark(); }

} // namespace coda
