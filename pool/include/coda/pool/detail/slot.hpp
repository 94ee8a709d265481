// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/detail/intrusive_list.hpp>

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
    time_point idle_since_{};
};

// Somebody who waits for a connection, as the pool's decisions see him.
class claim : public list_node {};

} // namespace coda::detail
