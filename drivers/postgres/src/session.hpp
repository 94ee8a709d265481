// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "backend_key.hpp"
#include "errand.hpp"
#include "grouping_policy.hpp"
#include "held_locks.hpp"
#include "pipeline.hpp"
#include "reported_state.hpp"
#include "server_cancel.hpp"
#include "statement_cache.hpp"

#include <coda/postgres/detail/batch.hpp>
#include <coda/postgres/detail/execution.hpp>
#include <coda/postgres/detail/observed.hpp>
#include <coda/postgres/detail/row_feed.hpp>
#include <coda/postgres/options.hpp>
#include <coda/postgres/statement_statistics.hpp>
#include <coda/runtime/option_check.hpp>
#include <coda/runtime/scope.hpp>

#include <list>
#include <memory>

struct pg_conn;

namespace coda::pg::detail {

class script;

struct finish {
    void operator()(pg_conn* c) const noexcept;
};
using connection_handle = std::unique_ptr<pg_conn, finish>;

// A connection that is logged in, and what it takes to cancel on it.
struct established {
    connection_handle connection;
    std::optional<backend_key> key;
};

// Whether what runs on a session may leave something behind.
enum class sharing : unsigned char { exclusive, shared };

// An established libpq connection on a loop: the I/O below a pipeline. Statements of one turn of the loop are sent at
// its end; replies are taken as they come and wake their callers.
class session final : public pipelined_connection, public std::enable_shared_from_this<session> {
public:
    // The client that shares it among its tasks, by its policy; nullptr: one task has it alone.
    using owner = std::shared_ptr<grouping_policy>;

    // Where its statements are counted, with those of others.
    using counts = std::shared_ptr<statement_statistics>;

    // The system's error when the loop cannot watch the socket.
    static result<std::shared_ptr<session>> open(loop& l, detail::established made, connection_options const& options,
                                                 owner shared_by = nullptr, counts count = nullptr);

    session(loop& l, detail::established made, connection_options const& options, owner shared_by, counts count);
    ~session();

    int backend_pid() const noexcept;
    // Nobody, while the driver brings it back to where a new one starts.
    statement_observer* observer() const noexcept { return resetting > 0 ? nullptr : observer_; }
    std::size_t resetting = 0; // how many do

    // Of one that a task has alone: whether a transaction is open, begun by a transaction_block or by its text.
    bool in_transaction() const noexcept;
    bool in_block = false;
    // A statement was prepared under a name of its user's.
    bool has_prepared_names = false;
    held_locks locks;
    // A statement that nobody waits for, queued at once. It costs the connection where it fails or takes longer than a
    // statement may, or than `limit`. While a rollback is under way no transaction is open, as far as others are
    // concerned.
    void run_unattended(std::string sql) noexcept { run_unattended(std::move(sql), longest_option, false); }
    void roll_back_unattended(std::string sql, duration limit) noexcept { run_unattended(std::move(sql), limit, true); }

    // For the batch that is open, whose caller writes: one more statement; a Sync behind those before; that all of it
    // goes out, and the server answers; the end, without what has no Sync yet unless it is kept. False: the connection
    // was lost.
    bool send_part(batch& b, statement_view const& s);
    bool sync_batch(batch& b);
    void push_batch() noexcept;
    void end_batch(bool keep) noexcept;

    // For the stream whose rows come next: takes those that libpq has read.
    void take_more_rows() noexcept { take_what_came(true); }
    // Whether a stream of rows is open, whose reader has not left.
    bool is_read() noexcept { return pipeline_.by_row() && pipeline_.youngest() != nullptr; }

private:
    void flush() noexcept override;
    void disconnect() noexcept override;
    void left_in_flight() noexcept override;

    enum class fence : unsigned char { unprepared, prepared, unusable };
    fence fence_after(std::string_view sqlstate) const noexcept;
    std::size_t together();
    bool send_group(std::size_t size);
    bool prepare_fence();
    bool send_fence();
    bool send_alone(request& r, statement_view const& s);
    bool tells_limit(request const& r, statement_view const& s) const noexcept;
    bool send_limit(duration left);
    bool send(request& r, statement_view const& s, sending how);
    void note_sent(request& r, sending const& how, statement_use use);
    enum class progress : unsigned char { some, all, failed };
    void send_queued();
    progress send_some();
    bool send_next(request& next, std::size_t together);
    bool open_batch(batch& b);
    bool close_batch(bool keep);
    void tend_batch();
    void wake_batch() noexcept;
    bool send_script(script& s);
    void end_script();
    void choose_row_mode() noexcept;
    bool holds_a_row() noexcept;
    void stop_reading() noexcept;
    bool make_room();
    bool sync_after(sending const& how);
    void ready(readiness r) noexcept;
    bool send_rest();
    void take_input();
    bool tls_has_more() const noexcept;
    void take_what_was_read();
    void take_replies(bool alive);
    void take_what_came(bool alive) noexcept;
    void on_result(pg_result* owned);
    void tell(pipeline::step const& step, result<result_set>&& what) noexcept;
    reply meaning_of(pg_result const* r);
    void refuse_copy() noexcept;
    void refuse_change(std::string_view what) noexcept;
    void remember_preparation(reply kind) noexcept;
    bool outlived_preparation(pg_result const* r);
    bool runs_again();
    void repeated(request& r);
    void lose_peer() noexcept;
    void follow(server_cancel::action a) noexcept;
    void begin_to_ask() noexcept;
    task<> ask();
    void run_unattended(std::string sql, duration limit, bool ends_transaction) noexcept;
    errand unattended(std::string sql, duration limit, bool ends_transaction);

    struct cancel_timer : timer {
        explicit cancel_timer(session& s) noexcept : timer(&cancel_timer::expired), owner(s) {}
        static void expired(timer& t) noexcept;
        session& owner;
    };

    connection_handle connection_;
    owner shared_by_;
    pipeline pipeline_;
    statement_cache cache_;
    counts count_;
    statement_observer* observer_;
    reported_state state_;
    std::uint64_t known_before_ = 0; // the last statement that was known before the batch that is open
    fence fence_ = fence::unprepared;
    std::size_t piece_ = 0; // bytes of what is sent now, about
    std::string sql_;       // scratch: libpq wants texts that end with a zero byte
    std::optional<backend_key> key_;
    bool send_deadline_;
    duration cancel_timeout_;
    server_cancel cancel_;
    cancel_timer cancel_timer_;
    std::optional<fd_watch> watch_;   // goes before the connection
    std::size_t rollbacks_ = 0;       // unattended
    std::optional<scope> background_; // of `ask`
    std::list<errand> errands_;       // each goes when it is done, or all do
};

} // namespace coda::pg::detail
