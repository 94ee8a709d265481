// SPDX-License-Identifier: BSL-1.0
#include "held_locks.hpp"
#include "session.hpp"

#include <coda/postgres/advisory_lease.hpp>
#include <coda/postgres/connection.hpp>

#include <fmt/format.h>

namespace coda::pg {

namespace detail {

namespace {

std::string_view suffix(lock_mode mode) { return mode == lock_mode::shared ? "_shared" : ""; }

struct got_it {
    using value_type = bool;
    bool waited;
    // What waits gives nothing of interest (void).
    result<bool> operator()(result_set&& rows) const { return waited ? result<bool>(true) : rows.get<bool>(0, 0); }
};

} // namespace

// From before the server is asked until it was told that nobody wants the lock any more.
class advisory_hold {
public:
    advisory_hold(borrowed on, std::int64_t key, lock_mode mode)
        : on_(std::move(on)),
          session_(on_.own->session),
          key_(key),
          mode_(mode),
          gives_back_(fmt::format("select pg_catalog.pg_advisory_unlock{}({})", suffix(mode), key)) {}
    advisory_hold(advisory_hold const&) = delete;
    advisory_hold& operator=(advisory_hold const&) = delete;
    ~advisory_hold() {
        if (auto const s = session_.lock(); s && s->locks.drop(key_, mode_, ticket_))
            s->run_unattended(std::move(gives_back_));
    }

    // False: the session has it already, or waits for it.
    bool claim() {
        auto const t = on_.own->session->locks.take(key_, mode_);
        if (t) ticket_ = *t;
        return t.has_value();
    }

    // The server does not hold it.
    void forget() noexcept {
        if (auto const s = session_.lock()) s->locks.drop(key_, mode_, ticket_);
    }
    bool held() const noexcept {
        auto const s = session_.lock();
        return s && s->usable() && s->locks.has(key_, mode_, ticket_);
    }
    std::shared_ptr<exclusive_session<session>> const& connection() const noexcept { return on_.own; }
    std::int64_t key() const noexcept { return key_; }
    lock_mode mode() const noexcept { return mode_; }

private:
    borrowed on_;
    std::weak_ptr<session> session_; // the lock is gone with it
    std::int64_t key_;
    lock_mode mode_;
    std::string gives_back_; // for when there may be no memory
    held_locks::ticket ticket_ = 0;
};

namespace {

operation<> unlock_now(std::unique_ptr<advisory_hold> hold) {
    if (hold == nullptr || !hold->held()) co_return result<>();
    auto const sql = fmt::format("select pg_catalog.pg_advisory_unlock{}($1)", suffix(hold->mode()));
    auto unlocks = run_statement(connection_source{{hold->connection()}}, as_is(), sql,
                                 parameters_for<std::int64_t>(std::in_place, hold->key()));
    auto const done = co_await as_result(std::move(unlocks));
    if (done.has_error()) co_return done.error(); // another attempt goes behind it
    hold->forget();
    co_return result<>();
}

} // namespace

operation<std::optional<advisory_lease>> lock_advisory(borrowed on, std::int64_t key, lock_mode mode, bool waits) {
    context const& here = co_await this_context();
    if (here.loop != &on.own->home) co_return used_from_another_loop("a postgres connection");
    auto const own = on.own;
    if (own->session == nullptr) co_return error(coda::errc::not_connected);
    auto hold = std::make_unique<advisory_hold>(std::move(on), key, mode);
    if (!hold->claim())
        co_return error(make_error_code(coda::errc::invalid_argument),
                        "this connection holds that advisory lock already, or waits for it");
    auto const sql = fmt::format("select pg_catalog.pg_{}advisory_lock{}($1)", waits ? "" : "try_", suffix(mode));
    auto asks =
        run_statement(connection_source{{own}}, got_it{waits}, sql, parameters_for<std::int64_t>(std::in_place, key));
    auto const got = co_await as_result(std::move(asks));
    // Where nobody knows, it is given back behind the statement.
    if (got.has_error() ? got.error().outcome() != outcome::unknown : !*got) hold->forget();
    if (got.has_error()) co_return got.error();
    if (!*got) co_return std::optional<advisory_lease>();
    co_return advisory_lease(std::move(hold));
}

operation<std::optional<advisory_lease>> lock_advisory(std::shared_ptr<leased_connections> from, std::int64_t key,
                                                       lock_mode mode, bool waits) {
    auto taken = co_await as_result(borrow(std::move(from)));
    if (taken.has_error()) co_return taken.error();
    auto got = co_await as_result(lock_advisory(std::move(*taken), key, mode, waits));
    co_return std::move(got);
}

operation<advisory_lease> locked(operation<std::optional<advisory_lease>> waiting) {
    auto got = co_await as_result(std::move(waiting));
    if (got.has_error()) co_return got.error();
    co_return std::move(**got);
}

} // namespace detail

advisory_lease::advisory_lease() noexcept = default;
advisory_lease::advisory_lease(std::unique_ptr<detail::advisory_hold> h) noexcept : hold_(std::move(h)) {}
advisory_lease::advisory_lease(advisory_lease&&) noexcept = default;
advisory_lease& advisory_lease::operator=(advisory_lease&&) noexcept = default;
advisory_lease::~advisory_lease() = default;
void advisory_lease::release() noexcept { hold_.reset(); }

operation<> advisory_lease::unlock() { return detail::unlock_now(std::move(hold_)); }

bool advisory_lease::held() const noexcept { return hold_ != nullptr && hold_->held(); }

} // namespace coda::pg
