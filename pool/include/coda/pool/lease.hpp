// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/pooled.hpp>

#include <cassert>
#include <utility>

namespace coda {

namespace detail {
template <poolable Connection>
class acquire_awaiter;
}

/// A connection that one task has for itself; the pool has it back when the lease is released or destroyed. That costs
/// the one who returns it nothing: what it needs before the next use (a reset, a reply to wait for) is the pool's
/// business.
///
/// Belongs to the pool's loop. May outlive the pool: it then owns the connection, which ends with it.
template <poolable Connection>
class [[nodiscard]] lease {
public:
    /// Empty: holds nothing.
    lease() noexcept = default;
    lease(lease&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    lease& operator=(lease&& other) noexcept {
        lease taken(std::move(other));
        std::swap(held_, taken.held_);
        return *this;
    }
    ~lease() { release(); }

    /// The connection, which must not be used once the lease has ended. Not to be called when empty.
    Connection& operator*() const noexcept {
        assert(held_ != nullptr && "an empty lease has no connection");
        return *held_->connection;
    }
    Connection* operator->() const noexcept { return &**this; }
    /// False when it is empty.
    explicit operator bool() const noexcept { return held_ != nullptr; }

    /// Gives the connection back now: to the oldest who waits, if it is fit for use. Does nothing when empty.
    void release() noexcept {
        if (held_ != nullptr) detail::give_back(*std::exchange(held_, nullptr));
    }

private:
    template <poolable>
    friend class detail::acquire_awaiter;
    explicit lease(detail::pooled_connection<Connection>& c) noexcept : held_(&c) {}

    detail::pooled_connection<Connection>* held_ = nullptr;
};

} // namespace coda
