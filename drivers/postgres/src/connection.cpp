// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"
#include "conninfo.hpp"
#include "session_state.hpp"

#include <coda/postgres/batch_error.hpp>
#include <coda/postgres/connection.hpp>
#include <coda/postgres/detail/script.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/this_context.hpp>

namespace coda::pg {

namespace {

// While it lives, nobody is told what runs on the session.
class resetting {
public:
    explicit resetting(std::shared_ptr<detail::session> s) noexcept : session_(std::move(s)) {
        if (session_) ++session_->resetting;
    }
    resetting(resetting const&) = delete;
    resetting& operator=(resetting const&) = delete;
    ~resetting() {
        if (session_) --session_->resetting;
    }

private:
    std::shared_ptr<detail::session> session_;
};

} // namespace

connection::connection(loop& l, std::string uri, connection_options options)
    : loop_(l), uri_(std::move(uri)), options_(options) {
    check(options_).value();
    detail::conninfo::parse(uri_).value();
}

connection::~connection() { abort(); }

operation<> connection::connect() {
    context const& here = co_await this_context();
    if (here.loop != &loop_) co_return used_from_another_loop("a postgres connection");
    if (usable()) co_return result<>();
    auto opened = co_await as_result(
        with_timeout(options_.connect_timeout, detail::open_connection(uri_, detail::server_choice(options_))));
    if (opened.has_error()) co_return opened.error();
    if (usable()) co_return result<>(); // another task was faster
    auto session = detail::session::open(loop_, std::move(*opened), options_, nullptr, count_);
    if (session.has_error()) co_return session.error();
    own_->session = std::move(*session);
    own_->used = false;
    co_return result<>();
}

operation<> connection::ping() {
    detail::statement_view const nothing{"select", {}};
    auto const answered = co_await as_result(detail::execute_on{own_->session.get(), nothing});
    if (answered.has_error()) co_return answered.error();
    co_return result<>();
}

operation<> connection::reset() {
    if (own_->session && own_->session->in_block)
        co_return error(make_error_code(coda::errc::invalid_argument), "a transaction on this connection is under way");
    resetting const quiet(own_->session);
    // A rollback outside a transaction is only warned of.
    constexpr auto const* unlock_all = "select pg_catalog.pg_advisory_unlock_all()";
    for (auto const* statement : {"rollback", "close all", "unlisten *", "reset session authorization", "reset all",
                                  "discard temp", "discard sequences", unlock_all}) {
        // What is locked behind it is another's.
        if (own_->session && statement == unlock_all) own_->session->locks.clear();
        auto const done = co_await as_result(query(statement));
        if (done.has_error()) co_return done.error();
    }
    if (own_->session && own_->session->has_prepared_names) {
        auto const forgotten = co_await as_result(query("deallocate all"));
        if (forgotten.has_error()) co_return forgotten.error();
    }
    own_->used = false;
    co_return result<>();
}

namespace {

operation<std::size_t> run_script_on(std::shared_ptr<exclusive_session<detail::session>> own, sql_text text) {
    std::string_view const sql = text;
    context const& here = co_await this_context();
    if (here.loop != &own->home) co_return used_from_another_loop("a postgres connection");
    detail::session* const on = own->session.get();
    if (on == nullptr) co_return error(coda::errc::not_connected);
    if (on->in_block)
        co_return error(make_error_code(coda::errc::invalid_argument),
                        "run_script inside a transaction: the script could end it; run its statements one by one");
    detail::parameters_for<> none(std::in_place);
    auto const encoded = none.encode(sql);
    if (encoded.has_error()) co_return encoded.error();
    own->used = true;
    detail::observed watch(detail::observer_of(on), *encoded);
    detail::script script(on, sql);
    script.note_on(watch.notes());
    auto const done = co_await as_result(script.run());
    watch.were(1, script.affected());
    if (done.has_value()) {
        watch.succeeded();
        co_return script.statements();
    }
    watch.failed(done.error());
    bool const by_server = done.error().outcome() == outcome::completed;
    auto const which = by_server ? std::optional(script.statements()) : std::nullopt;
    co_return detail::failed_in_batch(batch_error::of::statements, done.error(), which, script.committed());
}

} // namespace

operation<std::size_t> connection::run_script(sql_text sql) { return run_script_on(own_, std::move(sql)); }

operation<advisory_lease> connection::advisory_lock(std::int64_t key, lock_mode mode) {
    return detail::locked(detail::lock_advisory(detail::borrowed{own_, nullptr}, key, mode, true));
}

operation<std::optional<advisory_lease>> connection::try_advisory_lock(std::int64_t key, lock_mode mode) {
    return detail::lock_advisory(detail::borrowed{own_, nullptr}, key, mode, false);
}

operation<> connection::close() {
    context const& here = co_await this_context();
    if (here.loop != &loop_) co_return used_from_another_loop("a postgres connection");
    if (usable())
        static_cast<void>(co_await as_result(with_timeout(options_.drain_timeout, own_->session->idle().wait())));
    abort();
    co_return result<>();
}

void connection::abort() noexcept {
    if (own_->session) own_->session->lose(error(coda::errc::closed));
}

result<> detail::connection_source::admit(std::string_view sql) const {
    return own->session && own->session->in_block ? check_inside_transaction(sql) : result<>();
}

bool connection::usable() const noexcept { return own_->session && own_->session->usable(); }

int connection::backend_pid() const noexcept { return usable() ? own_->session->backend_pid() : 0; }

} // namespace coda::pg
