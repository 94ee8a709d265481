// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>
#include <coda/runtime/waiter.hpp>

#include <optional>

/// Waiting for one file descriptor, once: for handshakes and other places that are not hot. What reads or writes all
/// the time keeps an `fd_watch`.
///
///     co_await coda::wait_ready(fd, coda::readiness::read);
namespace coda {

namespace detail {

class ready_awaiter : public void_waiter {
public:
    ready_awaiter(int fd, readiness wanted) noexcept : fd_(fd), wanted_(wanted) {}

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx);

private:
    static void ready(void* self, readiness) noexcept;

    int fd_;
    readiness wanted_;
    std::optional<fd_watch> watch_;
};

struct [[nodiscard]] ready_awaitable {
    int fd;
    readiness wanted;
    ready_awaiter operator co_await() const noexcept { return {fd, wanted}; }
};

} // namespace detail

/// Waits until `fd` is ready for `wanted` (one of the two is enough for `both`), has failed or was hung up. Cancelled
/// by its context. The descriptor stays the caller's and must stay open meanwhile; one that the loop cannot watch ends
/// the wait with the system's error.
inline detail::ready_awaitable wait_ready(int fd, readiness wanted) noexcept { return {fd, wanted}; }

} // namespace coda
