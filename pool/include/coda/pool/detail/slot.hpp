// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/detail/intrusive_list.hpp>

#include <cstdint>
#include <source_location>

namespace coda::detail {

// A connection as the pool's decisions see it.
class slot : public list_node {
public:
    virtual bool usable() const noexcept = 0;
    virtual bool needs_reset() const noexcept = 0;

protected:
    ~slot() = default;

private:
    friend class pool_core;

    enum class state : unsigned char { connecting, idle, checking, in_use, resetting, closing, cut_off };

    state state_ = state::connecting;
    bool interrupted_ = false;  // while connecting: reported as closed
    bool ping_planned_ = false; // by the upkeep; else it is to be closed
    std::uint64_t id_ = 0;
    std::uint64_t generation_ = 0;
    std::uint64_t uses_ = 0;
    time_point created_{};
    time_point since_{};       // idle, or in use
    time_point alive_{};       // when it last gave a sign of life
    time_point expires_{};     // the end of its lifetime
    time_point fresh_until_{}; // can be handed out as it is
    std::source_location taken_at_;
};

// Somebody who waits for a connection, as the pool's decisions see him.
class claim : public list_node {
private:
    friend class pool_core;
    time_point since_{};
    std::uint64_t failures_ = 0; // to connect, before he came
    std::source_location taken_at_;
};

} // namespace coda::detail
