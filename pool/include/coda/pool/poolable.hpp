// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>

#include <concepts>

namespace coda {

/// What a pool can hold. `coda::pg::connection` is one; so is anything of the following meaning, where "bounded" is not
/// asked of the type: the pool puts a deadline on each operation.
///
/// - `connect()` establishes the connection; called once, on a new object. Once it has succeeded, `usable()` holds. The
///   kind of its error (error::kind) tells whether another attempt may succeed: where it is `permanent` (a wrong
///   password, or a category that does not say), those who wait end with it at once.
/// - `ping()` asks the peer for a sign of life. Fails where there is none.
/// - `reset()` makes the connection as good as new: no state of the last user is left, no reply of his is outstanding
/// (it
///   waits for those). `needs_reset()` does not hold afterwards.
/// - `close()` ends the connection in order.
/// - `usable()`: established, as far as is known without asking. Never becomes true again by itself.
/// - `needs_reset()`: used since it was connected or reset, so that the next user could tell.
/// - `abort()` ends the connection at once, while others may use it: their operations fail.
/// - The destructor ends the connection at once, silently; also while `connect`, `ping`, `reset` or `close` is
/// suspended,
///   whose coroutine is destroyed before.
///
/// The operations honour cancellation and the deadline of their context; they resume on the loop that runs them. The
/// pool runs one of them at a time, and none while the connection is leased. The last three functions never block and
/// never call back into the pool.
template <class C>
concept poolable = std::destructible<C> && requires(C& c, C const& k) {
    { c.connect() } -> std::same_as<operation<>>;
    { c.ping() } -> std::same_as<operation<>>;
    { c.reset() } -> std::same_as<operation<>>;
    { c.close() } -> std::same_as<operation<>>;
    { k.usable() } noexcept -> std::same_as<bool>;
    { k.needs_reset() } noexcept -> std::same_as<bool>;
    { c.abort() } noexcept;
};

} // namespace coda
