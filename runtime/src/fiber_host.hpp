// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "guarded_stack.hpp"

#include <coda/runtime/fiber.hpp>

#include <boost/context/fiber.hpp>

namespace coda::detail {

// The exceptions being handled on a stack, as the C++ ABI keeps them (Itanium C++ ABI, 2.2.2): per thread, so that they
// have to be exchanged with the stack.
struct exceptions_in_flight {
    void* caught = nullptr;
    unsigned int uncaught = 0;
};

// A stack with something on it that runs one fiber after the other. Entering and leaving it is known to the sanitizers.
class fiber_host {
public:
    // Throws std::bad_alloc.
    explicit fiber_host(std::size_t stack_size);
    ~fiber_host();
    fiber_host(fiber_host const&) = delete;
    fiber_host& operator=(fiber_host const&) = delete;

    // From outside: begins `f`, or goes on with what was begun, until it leaves or has ended.
    void begin(fiber& f) noexcept;
    void enter() noexcept;
    // From inside: goes on where `enter` was called.
    void leave() noexcept;

    std::size_t stack_used() const { return stack_.used(); }

    std::size_t place = 0; // among the pool's

private:
    boost::context::fiber serve(boost::context::fiber&& outside) noexcept;

    guarded_stack stack_;
    boost::context::fiber inside_;
    boost::context::fiber outside_;
    fiber* serving_ = nullptr;
    exceptions_in_flight exceptions_;

    // For the sanitizers.
    void const* outside_bottom_ = nullptr;
    std::size_t outside_size_ = 0;
    void* tsan_inside_ = nullptr;
    void* tsan_outside_ = nullptr;
};

} // namespace coda::detail
