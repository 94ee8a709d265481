// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/transaction_block.hpp>

#include <cstdint>
#include <memory>

/// Advisory locks that outlast transactions (PostgreSQL manual, 13.3.5), held by an object.
///
///     auto lock = co_await db.advisory_lock(key);       // of a connection or a client
///     ...                                               // given back when `lock` goes
///
/// Those that end with a transaction are the transaction's: transaction::advisory_lock.
namespace coda::pg {

/// Whether others may hold an advisory lock at the same time.
enum class lock_mode : unsigned char { exclusive, shared };

class advisory_lease;

namespace detail {

class advisory_hold;

// On a connection that its task has alone; a lease with it is kept as long as the lock. `waits`: until it can be had;
// else nothing where it cannot. errc::invalid_argument where the session has it already or waits for it.
operation<std::optional<advisory_lease>> lock_advisory(borrowed on, std::int64_t key, lock_mode mode, bool waits);
// The same on a connection of a client's.
operation<std::optional<advisory_lease>> lock_advisory(std::shared_ptr<leased_connections> from, std::int64_t key,
                                                       lock_mode mode, bool waits);
// Which has waited.
operation<advisory_lease> locked(operation<std::optional<advisory_lease>> waiting);

} // namespace detail

/// An advisory lock of one session. Move-only; used on its connection's loop. Destroyed, it is given back behind what
/// the connection was asked before, without anybody waiting; where that fails (in a transaction that has failed, say)
/// or takes longer than statement_timeout, the connection is closed, which gives it back too. A client's holds its
/// connection until then.
class advisory_lease {
public:
    /// Holds nothing.
    advisory_lease() noexcept;
    advisory_lease(advisory_lease&&) noexcept;
    advisory_lease& operator=(advisory_lease&&) noexcept;
    ~advisory_lease();

    /// Gives it back as the destructor does.
    void release() noexcept;

    /// Gives it back and waits until that is done. Bounded and cancelled as a statement; where it fails, it is given
    /// back as by the destructor. No error where it was not held any more.
    operation<> unlock();

    /// Whether the server holds it still, as far as is known: not when it was given back, nor when its connection was
    /// lost, closed or reset.
    bool held() const noexcept;

private:
    friend operation<std::optional<advisory_lease>> detail::lock_advisory(detail::borrowed, std::int64_t, lock_mode,
                                                                          bool);
    explicit advisory_lease(std::unique_ptr<detail::advisory_hold> h) noexcept;

    std::unique_ptr<detail::advisory_hold> hold_;
};

} // namespace coda::pg
