// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/type.hpp>
#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <cstdint>
#include <optional>
#include <string>

/// What statements did and how long they took, for logs, metrics and traces.
///
///     struct slowest final : coda::pg::statement_observer {
///         void on_statement(coda::pg::statement_event const& e) noexcept override { most = std::max(most, e.server); }
///         coda::duration most{};
///     };
///     slowest seen;
///     coda::pg::client db(loop, uri, {.connection = {.observer = &seen}});
namespace coda::pg {

class server_error;

namespace detail {
struct statement_view;
}

/// The parameters of a statement as they were sent. They may hold secrets: nothing of the library writes them down
/// unless it is asked to.
class sent_parameters {
public:
    sent_parameters() noexcept = default;
    /// For the driver.
    explicit sent_parameters(detail::statement_view const& of) noexcept : of_(&of) {}

    /// How many there are.
    std::size_t size() const noexcept;
    /// The type of one, which there must be; 0 where the server has decided.
    oid type(std::size_t at) const noexcept;
    /// Its bytes, in PostgreSQL's binary form or as text; no value where it is NULL.
    std::optional<bytes> value(std::size_t at) const noexcept;
    /// Whether that is the binary form.
    bool is_binary(std::size_t at) const noexcept;

    /// All of them in one line: "$1 = 42, $2 = 'text', $3 = NULL"; numbers, booleans and texts as SQL has them, other
    /// types as '\x' and hexadecimal digits. Of each at most `most` bytes, and then "...".
    std::string to_string(std::size_t most = 100) const;

private:
    detail::statement_view const* of_ = nullptr;
};

/// How a statement was sent.
enum class statement_use : unsigned char {
    not_sent,
    cached,     ///< as one that was prepared already
    prepared,   ///< prepared, to be used again
    unprepared, ///< for this once
};

/// One statement that has ended. References are valid during the call. Of a pipeline each statement is told for itself,
/// with the times and the use of all together.
struct statement_event {
    std::string_view sql;
    sent_parameters parameters;     ///< of execute_many and streams: none
    statement_use use{};            ///< of several: how the last was sent
    std::uint64_t sets = 1;         ///< of parameters: more than one with execute_many
    std::uint64_t rows = 0;         ///< that came
    std::uint64_t affected = 0;     ///< that the server reports as inserted, updated, deleted or selected; 0 of streams
    std::uint64_t bytes = 0;        ///< that libpq held for the rows
    duration queued{};              ///< from when it was asked for until it was sent: a wait for a connection is in it
    duration server{};              ///< from then until it was answered; of a stream the reader's time is in it
    duration decoding{};            ///< of its rows, where they are not dynamic; of many, with what ran between; of a
                                    ///< stream, of all that were taken
    error const* failure = nullptr; ///< why it failed, coda::errc::cancelled where its caller or a stream's reader went
                                    ///< away; nullptr: it did not
};

/// Is told of every statement of a connection or client (connection_options::observer), on the loop's thread: of those
/// of its users, and of BEGIN, COMMIT, ROLLBACK and SAVEPOINT; not of what nobody waits for (the rollback behind one
/// who was cancelled, what gives back an advisory lock), of pings, and of what `reset` does. One object may serve many,
/// of several loops if it is safe to be called from several threads. What it does delays the loop; it must not use what
/// it is told about. Costs a statement some clock readings.
class statement_observer {
public:
    virtual ~statement_observer() = default;

    /// A statement has ended: its caller is told next. Not told of what could not be asked of anybody: from another
    /// loop, with values that cannot be sent, refused for its words (errc::needs_own_connection), on a `connection`
    /// before it was connected.
    virtual void on_statement(statement_event const& e) noexcept = 0;

    /// The server has something to say that is no error (RAISE NOTICE, WARNING), to a statement or unasked.
    virtual void on_notice(server_error const&) noexcept {}
};

} // namespace coda::pg
