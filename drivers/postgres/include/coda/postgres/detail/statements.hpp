// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/session_choice.hpp>
#include <coda/postgres/arguments.hpp>
#include <coda/postgres/detail/execution.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/this_context.hpp>

namespace coda::pg::detail {

// Runs one statement on a session of `source`, which it keeps, and decodes its rows: the path of every statement, in
// one coroutine.
template <class Source, class Decode, class Parameters>
operation<typename Decode::value_type> run_statement(Source source, Decode decode, std::string_view sql,
                                                     Parameters values) {
    context const& here = co_await this_context();
    if (here.loop != &source.home()) co_return used_from_another_loop("a postgres connection or client");
    if constexpr (requires { source.admit(sql); })
        if (auto const admitted = source.admit(sql); admitted.has_error()) co_return admitted.error();
    auto const statement = values.encode(sql);
    if (statement.has_error()) co_return statement.error();
    session_choice choice(source);
    auto const on = co_await as_result(choice);
    if (on.has_error()) co_return on.error();
    auto group = grouped::never;
    if constexpr (requires { source.group(sql); }) group = source.group(sql);
    auto rows = co_await as_result(execute_on{*on, *statement, group});
    if (rows.has_error()) {
        if constexpr (requires { source.failed(rows.error()); }) co_return source.failed(rows.error());
        co_return rows.error();
    }
    co_return decode(std::move(*rows));
}

struct as_is {
    using value_type = result_set;
    result<result_set> operator()(result_set&& rows) const { return std::move(rows); }
};

struct affected_rows {
    using value_type = std::uint64_t;
    result<std::uint64_t> operator()(result_set&& rows) const { return rows.affected(); }
};

template <class T>
struct all_rows {
    using value_type = std::vector<T>;
    result<std::vector<T>> operator()(result_set&& rows) const { return read_rows<T>(rows); }
};

template <class T>
struct optional_row {
    using value_type = std::optional<T>;
    result<std::optional<T>> operator()(result_set&& rows) const { return read_optional_row<T>(rows); }
};

template <class T>
struct one_row {
    using value_type = T;
    result<T> operator()(result_set&& rows) const {
        auto row = read_optional_row<T>(rows);
        if (row.has_error()) return row.error();
        if (!*row) return error(errc::no_rows, outcome::completed);
        return std::move(**row);
    }
};

} // namespace coda::pg::detail

namespace coda::pg {

/// The statements that a connection and a client offer. SQL with parameters $1, $2 ...; what runs is prepared on the
/// server once per connection and text.
///
/// Parameters: anything with a `codec`, and std::optional of it or a null char pointer for NULL; or one `arguments`,
/// for as many as there are when the program runs. Rvalues are kept until sent; lvalue strings and vectors, char
/// pointers and `sql` itself are referred to and must live until the operation has ended.
///
/// Large parameters hold the loop while libpq copies them and moves what the socket does not take: 200 MB, about 0.3 s.
/// Where others must not wait, send what is larger than a few megabytes in parts.
///
/// Every one: begins when awaited, on the object's loop (coda::errc::invalid_argument from another); bounded by the
/// context's deadline and by statement_timeout; cancelled by its context. The error tells the outcome: `not_sent` where
/// it was still queued (the connection is as if nothing had been), `unknown` where it was sent (the caller resumes at
/// once, the reply drains), `completed` where the server answered, with `server_error` details and its SQLSTATE as
/// code. Others: invalid_argument (a value that cannot be sent), queue_full, connection_lost, protocol_error,
/// connect_failed, closed. Each statement is a transaction of its own. COPY from or to the client is refused
/// (errc::copy_refused) at the cost of the connection: what else was in flight on it ends with connection_lost.
template <class Source>
class statements {
public:
    /// The rows as they came, to be read dynamically.
    template <class... Args>
    operation<result_set> query(std::string_view sql, Args&&... args) {
        return run(detail::as_is(), sql, std::forward<Args>(args)...);
    }

    /// All rows as `T`: a struct described to Boost.Describe (columns by name), a std::tuple (by place), or the value
    /// of the only column. Errors of reading are completed: no_such_column, type_mismatch, unexpected_null.
    template <class T, class... Args>
    operation<std::vector<T>> query(std::string_view sql, Args&&... args) {
        return run(detail::all_rows<T>(), sql, std::forward<Args>(args)...);
    }

    /// Exactly one row, else errc::no_rows or errc::several_rows.
    template <class T, class... Args>
    operation<T> query_one(std::string_view sql, Args&&... args) {
        return run(detail::one_row<T>(), sql, std::forward<Args>(args)...);
    }

    /// One row or none, else errc::several_rows.
    template <class T, class... Args>
    operation<std::optional<T>> query_optional(std::string_view sql, Args&&... args) {
        return run(detail::optional_row<T>(), sql, std::forward<Args>(args)...);
    }

    /// A statement without rows of interest: gives how many it affected.
    template <class... Args>
    operation<std::uint64_t> execute(std::string_view sql, Args&&... args) {
        return run(detail::affected_rows(), sql, std::forward<Args>(args)...);
    }

private:
    template <class Decode, class... Args>
    operation<typename Decode::value_type> run(Decode decode, std::string_view sql, Args&&... args) {
        return detail::run_statement(static_cast<Source&>(*this).source(), decode, sql,
                                     detail::parameters_for<Args...>(std::in_place, std::forward<Args>(args)...));
    }
};

} // namespace coda::pg
