// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/cursor.hpp>
#include <coda/postgres/detail/stream_rows.hpp>

namespace coda::pg {

/// What one task alone may do on a connection besides `statements`: read rows one by one while they come.
template <class Source>
class row_streams {
public:
    /// The rows as `T`, one by one as they come, of a result of any size. `sql` and parameters as for all statements;
    /// what is referred to must live until the first `next` has ended.
    ///
    ///     auto rows = db.stream<account>("select * from accounts");
    ///     while (auto a = co_await rows.next()) use(*a);
    ///
    /// Memory: one row, and what libpq has read, 16 KB or about twice the largest row; a slow reader makes the server
    /// wait. statement_timeout bounds each wait for a row. A row that cannot be read ends it as a statement's.
    ///
    /// From the first `next` to the end the connection is the stream's: other statements end with errc::stream_open,
    /// not_sent. Left early (destroyed, or its `next` was cancelled: unknown), the server is asked to cancel the query,
    /// the rest is taken and dropped, and later statements wait for that, at most drain_timeout. In a
    /// transaction a query that was cancelled makes all of it fail, and one of few rows has ended before it is: leave a
    /// cursor early instead. Errors of the transaction's end are not its own: they come after the last row.
    template <class T, class... Args>
    coda::stream<T> stream(sql_text sql, Args&&... args) {
        return detail::stream_rows<T>(static_cast<Source&>(*this).source(), std::move(sql),
                                      detail::parameters_for<Args...>(std::in_place, std::forward<Args>(args)...));
    }

    /// Declares a cursor for a query, with its parameters, inside a transaction block (else SQLSTATE 25P01): gives an
    /// `operation<cursor<T, ...>>`. As a statement.
    template <class T, class... Args>
    auto open_cursor(sql_text sql, Args&&... args) {
        return detail::declare_cursor<T>(static_cast<Source&>(*this).source(), std::move(sql),
                                         detail::parameters_for<Args...>(std::in_place, std::forward<Args>(args)...));
    }
};

} // namespace coda::pg
