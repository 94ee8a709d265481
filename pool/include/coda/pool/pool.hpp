// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/acquisition.hpp>
#include <coda/pool/detail/permits.hpp>
#include <coda/pool/lease.hpp>
#include <coda/pool/listener.hpp>
#include <coda/pool/options.hpp>
#include <coda/pool/statistics.hpp>

#include <functional>
#include <memory>
#include <source_location>

/// A bounded number of connections, shared by any number of tasks.
///
///     coda::pool<coda::pg::connection> pool(loop, [&] { return std::make_unique<coda::pg::connection>(loop, uri); });
///     auto db = co_await pool.acquire();                   // coda::lease
///     co_await db->execute("create temporary table ...");  // nobody else uses it until `db` goes
namespace coda {

namespace detail {

// The pool's part of its engine: ends it. Operations that were made keep what is left of it, and find it closed.
class pool_engine_handle {
public:
    explicit pool_engine_handle(engine_reference e) noexcept : engine_(std::move(e)) {}
    pool_engine_handle(pool_engine_handle&&) noexcept = default;
    pool_engine_handle& operator=(pool_engine_handle&& other) noexcept {
        pool_engine_handle taken(std::move(other));
        std::swap(engine_, taken.engine_);
        return *this;
    }
    ~pool_engine_handle();

    engine_reference const& shared() const noexcept { return engine_; }
    pool_engine& operator*() const noexcept { return *engine_; }

private:
    engine_reference engine_;
};

// Throws `exception` for options out of range.
pool_engine_handle make_pool_engine(loop& l, std::function<std::unique_ptr<pooled>()> make, pool_options const& o);
void ready(pool_engine& e) noexcept;
void clear(pool_engine& e, bool interrupt_in_use) noexcept;
operation<> close(engine_reference e);
pool_state state(pool_engine const& e) noexcept;
pool_statistics statistics(pool_engine const& e) noexcept;
void watch(pool_engine& e, pool_watcher* w) noexcept;
bool starved(pool_engine const& e) noexcept;
bool give_up_permit(pool_engine& e) noexcept;
bool permits_free(pool_engine const& e) noexcept;
void add_permit(pool_engine& e) noexcept;
std::size_t permits(pool_engine const& e) noexcept;

// Gives a lease. Keeps what it needs of the pool, which may go before it begins. No coroutine: a frame would cost as
// much as all the rest of an acquire.
template <poolable Connection>
class acquire_awaiter : public acquisition {
public:
    using acquisition::acquisition;

    lease<Connection> await_resume() { return value_or_throw(await_result()); }
    result<lease<Connection>> await_result() noexcept {
        auto taken = take_outcome();
        if (taken.has_error()) return std::move(taken).error();
        return lease<Connection>(static_cast<pooled_connection<Connection>&>(**taken));
    }
};

} // namespace detail

/// How a pool is cleared.
struct clear_options {
    /// Connections in use are aborted, and attempts to connect ended; else they are closed when they come back.
    bool interrupt_in_use = false;
};
static_assert(std::is_trivially_copyable_v<clear_options>);

/// Connections are opened when somebody waits for one, up to max_size, and in the background up to min_size; no more
/// are being opened than tasks wait, and at most max_connecting. Who comes first is served first, by whichever is there
/// first, a returned connection or a new one; nobody passes those who wait.
///
/// A returned connection that needs it is reset in the background before it is handed out again; meanwhile it counts
/// against max_size. One that is not usable, or whose reset or check fails, is dropped, and makes room for another.
/// Idle connections are handed out last in, first out; one idle for longer than validate_after_idle is pinged first.
///
/// When connecting fails, the pool waits for a while before it tries again, ever longer (first_backoff, max_backoff),
/// and those who wait go on waiting until their own deadline, unless `fail_fast` or the error
/// (error_class::permanent) says otherwise. States, events and options are those of MongoDB's Connection Monitoring and
/// Pooling specification (docs/pool.md).
///
/// One loop only, which must outlive it; everything is for its thread, the constructor too once the loop runs.
/// Destroying the pool ends what is idle or under way at once; waiting tasks end with errc::closed, as do operations
/// that were made and have not begun; leases keep their connection until they go.
template <poolable Connection>
class pool {
public:
    /// What `acquire` gives: an operation that is not a coroutine, whose frame would cost as much as all the rest.
    /// Keeps what it needs of the pool, which may go before it begins.
    class [[nodiscard]] acquire_awaitable {
    public:
        using value_type = lease<Connection>;
        acquire_awaitable(detail::engine_reference engine, std::source_location by) noexcept
            : engine_(std::move(engine)), by_(by) {}
        detail::acquire_awaiter<Connection> operator co_await() const noexcept {
            return detail::acquire_awaiter<Connection>(engine_, by_);
        }
        /// For functions that pass it on as one.
        operator operation<lease<Connection>>() && { return as_operation(std::move(*this)); }

    private:
        static operation<lease<Connection>> as_operation(acquire_awaitable self) {
            auto taken = co_await as_result(std::move(self));
            co_return std::move(taken);
        }
        detail::engine_reference engine_;
        std::source_location by_;
    };

    /// Makes a connection that is not yet connected. Called on the loop's thread. An exception is a failed attempt:
    /// what is not a coda::exception becomes errc::not_connected with its what().
    using factory = std::function<std::unique_ptr<Connection>()>;

    /// Opens nothing yet, but for min_size in the background. Throws `exception` (errc::invalid_argument) that names
    /// the option out of range, or says that `make` is empty.
    pool(loop& l, factory make, pool_options options = {})
        : engine_(detail::make_pool_engine(l, without_type(std::move(make)), options)) {}

    /// Takes a connection and gives a `lease`, waiting for one where it must: at most acquire_timeout or until the
    /// context's deadline. Where one is idle, it does not allocate. `by` is who is named when the lease is held for too
    /// long.
    ///
    /// Errors, all not_sent:
    /// - errc::timed_out with acquire_error: no connection came in time, and why;
    /// - errc::queue_full with acquire_error: max_waiters wait already;
    /// - errc::invalid_argument: awaited on another loop than the pool's;
    /// - errc::closed: the pool was closed or destroyed, before or while it waits;
    /// - what connecting failed with: with fail_fast, or where trying again is not worth it; in a monitored pool the
    ///   oldest who waits when connecting fails;
    /// - pool_errc::paused with acquire_error, in a monitored pool: it is paused, or was cleared meanwhile.
    ///
    /// Cancelled by its context while it waits, it leaves the queue and ends with the reason (errc::cancelled); a
    /// connection that it was handed meanwhile goes on to the next. The attempt to connect that it caused goes on and
    /// joins the pool.
    acquire_awaitable acquire(std::source_location by = std::source_location::current()) {
        return acquire_awaitable(engine_.shared(), by);
    }

    /// Makes a paused pool ready: it opens connections and hands them out. Nothing to do in another state.
    void ready() noexcept { detail::ready(*engine_); }

    /// Makes all connections stale: they are closed instead of being handed out again, idle ones in the background. A
    /// monitored pool is paused by it, and those who wait end with pool_errc::paused; another one opens new connections
    /// for them.
    void clear(clear_options how = {}) noexcept { detail::clear(*engine_, how.interrupt_in_use); }

    /// Closes the pool for good: acquires end with errc::closed from here on, attempts to connect are cancelled, idle
    /// and returned connections are closed in order. Waits until all are gone, leases included; after close_timeout, or
    /// when its context is cancelled or past its deadline, it aborts those that are left, whose users then see their
    /// operations fail. Always succeeds on the pool's loop (errc::invalid_argument on another). May be called again.
    operation<> close() { return detail::close(engine_.shared()); }

    /// Ready from the start, unless it is monitored.
    pool_state state() const noexcept { return detail::state(*engine_); }

    /// What the pool is doing, and how long things took. Takes microseconds: for a page of metrics, not for each query.
    pool_statistics statistics() const noexcept { return detail::statistics(*engine_); }

    /// For `sharded`: permits, of which max_size is the number that the pool began with, move between loops.
    /// - `watch`: who is told, at the end of whatever changed something; nullptr: nobody.
    /// - `starved`: somebody waits, and max_size alone keeps a connection from being opened for him.
    /// - `give_up_permit`: one less, where it is not needed; a connection that is idle is closed for it, and the permit
    ///   is free when `permits_free`. False where none can be spared; one always stays, and min_size do.
    /// - `add_permit`: one more.
    void watch(detail::pool_watcher* w) noexcept { detail::watch(*engine_, w); }
    bool starved() const noexcept { return detail::starved(*engine_); }
    bool give_up_permit() noexcept { return detail::give_up_permit(*engine_); }
    bool permits_free() const noexcept { return detail::permits_free(*engine_); }
    void add_permit() noexcept { detail::add_permit(*engine_); }
    std::size_t permits() const noexcept { return detail::permits(*engine_); }

private:
    static std::function<std::unique_ptr<detail::pooled>()> without_type(factory make) {
        if (!make) throw exception(error(make_error_code(errc::invalid_argument), "the pool has no factory"));
        return [make = std::move(make)]() -> std::unique_ptr<detail::pooled> {
            auto c = make();
            if (c == nullptr)
                throw exception(error(make_error_code(errc::invalid_argument), "the pool's factory made nothing"));
            return std::make_unique<detail::pooled_connection<Connection>>(std::move(c));
        };
    }

    detail::pool_engine_handle engine_;
};

} // namespace coda
