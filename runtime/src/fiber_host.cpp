// SPDX-License-Identifier: BSL-1.0
#include "fiber_host.hpp"

#include "sanitizer_switches.hpp"

#include <boost/context/preallocated.hpp>
#include <cxxabi.h>

#include <utility>

namespace coda::detail {

namespace {

// The stack belongs to its host.
struct not_freed {
    void deallocate(boost::context::stack_context&) const noexcept {}
};

boost::context::preallocated where(guarded_stack const& s) {
    boost::context::stack_context context;
    context.size = s.size();
    context.sp = s.top();
    return {context.sp, context.size, context};
}

void exchange(exceptions_in_flight& other) noexcept {
    auto& current = *reinterpret_cast<exceptions_in_flight*>(abi::__cxa_get_globals());
    std::swap(current, other);
}

} // namespace

fiber_host::fiber_host(std::size_t stack_size) : stack_(stack_size), tsan_inside_(tsan_create()) {
    inside_ = boost::context::fiber(std::allocator_arg, where(stack_), not_freed(),
                                    [this](boost::context::fiber&& out) { return serve(std::move(out)); });
}

// With nothing more to serve it comes to its end.
fiber_host::~fiber_host() {
    enter();
    tsan_destroy(tsan_inside_);
}

void fiber_host::begin(fiber& f) noexcept {
    serving_ = &f;
    enter();
}

void fiber_host::enter() noexcept {
    void* fake_stack = nullptr;
    exchange(exceptions_);
    asan_before_switch(&fake_stack, stack_.bottom(), stack_.size());
    tsan_outside_ = tsan_current();
    tsan_switch(tsan_inside_);
    inside_ = std::move(inside_).resume();
    asan_after_switch(fake_stack, nullptr, nullptr);
    exchange(exceptions_);
}

void fiber_host::leave() noexcept {
    void* fake_stack = nullptr;
    asan_before_switch(&fake_stack, outside_bottom_, outside_size_);
    tsan_switch(tsan_outside_);
    outside_ = std::move(outside_).resume();
    asan_after_switch(fake_stack, &outside_bottom_, &outside_size_);
}

boost::context::fiber fiber_host::serve(boost::context::fiber&& outside) noexcept {
    asan_after_switch(nullptr, &outside_bottom_, &outside_size_);
    outside_ = std::move(outside);
    while (serving_ != nullptr) {
        std::exchange(serving_, nullptr)->run();
        leave();
    }
    asan_before_switch(nullptr, outside_bottom_, outside_size_); // for good
    tsan_switch(tsan_outside_);
    return std::move(outside_);
}

} // namespace coda::detail
