// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/statements.hpp>

#include <string>

/// A query whose rows stay on the server until they are asked for.
///
///     auto all = co_await db.open_cursor<account>("select * from accounts where cents > $1", 100);
///     for (auto some = co_await all.fetch(1'000); !some.empty(); some = co_await all.fetch(1'000)) use(some);
///     co_await all.close();
namespace coda::pg {

namespace detail {

// Unlike all others of its session, which belongs to this thread.
std::string next_cursor_name();
result<std::string> fetch_sql(std::string const& cursor, std::size_t rows);

// Keeps the text. A parameter's address is taken when it is sent.
template <class Decode, class Source, class Parameters>
operation<typename Decode::value_type> run_text(Source source, result<std::string> sql, Parameters values) {
    if (sql.has_error()) co_return sql.error();
    co_return co_await as_result(run_statement(std::move(source), Decode(), *sql, std::move(values)));
}

} // namespace detail

/// A cursor of the transaction block in which it was opened; the server closes it at the end of that. Between two
/// fetches other statements may run on the connection. Made by `open_cursor`; moved, not copied. Keeps what it needs of
/// its connection. One that is destroyed without `close` is left to the end of the transaction.
template <class T, class Source>
class cursor {
public:
    /// Made by `open_cursor`.
    cursor(Source source, std::string name) noexcept : source_(std::move(source)), name_(std::move(name)) {}
    cursor(cursor&&) noexcept = default;
    cursor& operator=(cursor&&) noexcept = default;

    /// The next rows, at most so many (1 or more, else invalid_argument); none at the end. Otherwise as `query<T>`, of
    /// which one that was cancelled with an unknown outcome may have moved the cursor. Closed, or behind the end of its
    /// transaction: SQLSTATE 34000.
    operation<std::vector<T>> fetch(std::size_t rows) {
        return detail::run_text<detail::all_rows<T>>(source_, detail::fetch_sql(name_, rows),
                                                     detail::parameters<>(std::in_place));
    }

    /// Gives it up on the server. As a statement.
    operation<std::uint64_t> close() {
        return detail::run_text<detail::affected_rows>(source_, "close " + name_, detail::parameters<>(std::in_place));
    }

private:
    Source source_;
    std::string name_;
};

namespace detail {

template <class T, class Source, class Parameters>
operation<cursor<T, Source>> declare_cursor(Source source, sql_text sql, Parameters values) {
    std::string name = next_cursor_name();
    std::string text = "declare " + name + " no scroll cursor for ";
    text += sql;
    auto const declared = co_await as_result(run_text<affected_rows>(source, std::move(text), std::move(values)));
    if (declared.has_error()) co_return declared.error();
    co_return cursor<T, Source>(std::move(source), std::move(name));
}

} // namespace detail

} // namespace coda::pg
