// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/session_choice.hpp>
#include <coda/postgres/arguments.hpp>
#include <coda/postgres/detail/execution.hpp>
#include <coda/postgres/detail/run_pipeline.hpp>
#include <coda/postgres/sql_text.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/this_context.hpp>

namespace coda::pg::detail {

// Runs one statement on a session of `source`, which it keeps, and decodes its rows: the path of every statement, in
// one coroutine.
template <class Source, class Decode, class Parameters>
operation<typename Decode::value_type> run_statement(Source source, Decode decode, sql_text text, Parameters values) {
    std::string_view const sql = text;
    context const& here = co_await this_context();
    if (here.loop != &source.home()) co_return used_from_another_loop("a postgres connection or client");
    if constexpr (requires { source.admit(sql); })
        if (auto const admitted = source.admit(sql); admitted.has_error()) co_return admitted.error();
    auto const statement = values.encode(sql);
    if (statement.has_error()) co_return statement.error();
    observed watch(source.observer(), *statement);
    session_choice choice(source);
    auto const on = co_await as_result(choice);
    if (on.has_error()) {
        watch.failed(on.error());
        co_return on.error();
    }
    auto group = grouped::never;
    if constexpr (requires { source.group(sql); }) group = source.group(sql);
    reading_execution<Decode> reply(*on, *statement, group, watch.notes(), decode);
    auto rows = co_await as_result(reply);
    if (rows.has_error()) {
        watch.failed(rows.error());
        co_return as_told(source, rows.error());
    }
    if (auto read = reply.value()) co_return std::move(*read);
    watch.came(*rows);
    if constexpr (requires { typename Decode::by_part; }) {
        if (rows->size() > rows_at_once(*rows)) {
            typename Decode::by_part reading(*rows);
            while (reading.read_part()) co_await yield();
            auto all = reading.take();
            watch.decoded(all);
            co_return all;
        }
    }
    auto value = decode(std::move(*rows));
    watch.decoded(value);
    co_return value;
}

} // namespace coda::pg::detail

namespace coda::pg {

/// The statements that a connection and a client offer. SQL with parameters $1, $2 ...; what runs is prepared on the
/// server once per connection and text.
///
/// Parameters: anything with a `codec`, and std::optional of it or a null char pointer for NULL; or one `arguments`,
/// for as many as there are when the program runs. Rvalues are kept, a std::string as `sql` too; lvalue strings and
/// vectors, char pointers and views are referred to and must live until the operation has ended.
///
/// Large parameters hold the loop while libpq copies them and moves what the socket does not take: 200 MB, about 0.3 s.
/// Where others must not wait, send what is larger than a few megabytes in parts.
///
/// Every one: begins when awaited, on the object's loop (coda::errc::invalid_argument from another); bounded by the
/// context's deadline and by statement_timeout; cancelled by its context. The error tells the outcome: `not_sent` where
/// it was still queued (the connection is as if nothing had been), `unknown` where it was sent (the caller resumes at
/// once, the reply drains), `completed` where the server answered, with `server_error` details and its SQLSTATE as
/// code. Others: invalid_argument (a value that cannot be sent), queue_full, connection_lost, protocol_error,
/// connect_failed, closed. Each statement is a transaction of its own. COPY FROM STDIN or TO STDOUT is refused
/// (errc::copy_refused): by a client unsent, by a connection at its own cost: what else was in flight on it ends with
/// connection_lost.
template <class Source>
class statements {
public:
    /// The rows as they came, to be read dynamically.
    template <std::same_as<detail::as_is> Rows = detail::as_is, class... Args>
    operation<result_set> query(sql_text sql, Args&&... args) {
        return run(detail::as_is(), std::move(sql), std::forward<Args>(args)...);
    }

    /// All rows as `T`: a struct described to Boost.Describe (columns by name), a std::tuple (by place), or the value
    /// of the only column. Errors of reading are completed: no_such_column, type_mismatch, unexpected_null.
    template <class T, class... Args>
    operation<std::vector<T>> query(sql_text sql, Args&&... args) {
        return run(detail::all_rows<T>(), std::move(sql), std::forward<Args>(args)...);
    }

    /// Exactly one row, else errc::no_rows or errc::several_rows.
    template <class T, class... Args>
    operation<T> query_one(sql_text sql, Args&&... args) {
        return run(detail::one_row<T>(), std::move(sql), std::forward<Args>(args)...);
    }

    /// The value of the only column of the only row; no_rows, several_rows, and type_mismatch where there are more
    /// columns.
    template <class T, class... Args>
        requires detail::is_value<T>
    operation<T> query_value(sql_text sql, Args&&... args) {
        return run(detail::one_row<T>(), std::move(sql), std::forward<Args>(args)...);
    }

    /// One row or none, else errc::several_rows.
    template <class T, class... Args>
    operation<std::optional<T>> query_optional(sql_text sql, Args&&... args) {
        return run(detail::optional_row<T>(), std::move(sql), std::forward<Args>(args)...);
    }

    /// A statement without rows of interest: gives how many it affected.
    template <class... Args>
    operation<std::uint64_t> execute(sql_text sql, Args&&... args) {
        return run(detail::affected_rows(), std::move(sql), std::forward<Args>(args)...);
    }

    /// One statement for each set of parameters, all in one flight: `sets` is a range of tuples, pairs or, for a single
    /// parameter, values, read as the socket takes them (at most about 1,000 sets, or 128 KB, are on their
    /// way), and once; from its beginning once more where the statement is prepared again and the range can be read
    /// twice (std::ranges::forward_range). Gives how many rows were affected in all. What many_options say out of
    /// range: invalid_argument.
    ///
    ///     co_await db.execute_many("insert into readings values ($1, $2)", readings);
    ///
    /// Errors have details<batch_error>(): which set, and how many stand. Atomic, nothing is stored unless all is, also
    /// when the caller leaves or the range throws; not atomic, it goes on behind a chunk that failed, and ends with the
    /// first failure. A set whose values cannot be sent (invalid_argument) ends it there.
    ///
    /// A range that is an lvalue is referred to, an rvalue is kept; it must not use the connection while it is read.
    /// statement_timeout bounds each wait: for the turn, for the socket, for the replies. On a client, what is sent
    /// over the same connection waits until it has ended.
    template <std::ranges::input_range Sets>
    operation<std::uint64_t> execute_many(sql_text sql, Sets&& sets, many_options options = many_options()) {
        return detail::run_many(static_cast<Source&>(*this).source(), std::move(sql),
                                std::views::all(std::forward<Sets>(sets)), options);
    }

    /// Several statements in one flight and under one Sync: one transaction (or a part of the one that is open), all or
    /// nothing. Gives a tuple of what each gives.
    ///
    ///     auto [n, all, sum] = co_await db.pipeline(coda::pg::execute("update t set a = a + 1 where id = $1", 7),
    ///                                               coda::pg::query<row>("select * from t"),
    ///                                               coda::pg::query_one<std::int64_t>("select sum(a) from t"));
    ///
    /// The error has details<batch_error>(): which one failed; those before it were undone, those behind it not run.
    /// What cannot be read (no_rows, type_mismatch ...) is found when all were run: then all of them stand. A
    /// procedure or command that ends a transaction by itself breaks the promise.
    template <class... S>
        requires(sizeof...(S) > 0)
    operation<std::tuple<typename S::value_type...>> pipeline(S... all) {
        return detail::run_pipeline(static_cast<Source&>(*this).source(), std::tuple<S...>(std::move(all)...));
    }

private:
    template <class Decode, class... Args>
    operation<typename Decode::value_type> run(Decode decode, sql_text sql, Args&&... args) {
        return detail::run_statement(static_cast<Source&>(*this).source(), decode, std::move(sql),
                                     detail::parameters_for<Args...>(std::in_place, std::forward<Args>(args)...));
    }
};

} // namespace coda::pg
