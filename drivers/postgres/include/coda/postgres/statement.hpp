// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/decoders.hpp>
#include <coda/postgres/parameters.hpp>
#include <coda/postgres/sql_text.hpp>

/// Statements that are described first and run together, by `pipeline`.
///
///     auto [n, who] = co_await db.pipeline(coda::pg::execute("delete from t where id = $1", 7),
///                                          coda::pg::query_one<std::string>("select current_user"));
namespace coda::pg {

/// A statement with its parameters, and what its rows are read into. Made by the functions below; move-only, run once.
/// Keeps and refers to parameters as the operations of the same names do.
template <class Decode, class Parameters>
class statement {
public:
    using value_type = typename Decode::value_type;

    template <class... Args>
    explicit statement(sql_text sql, std::in_place_t, Args&&... args)
        : sql_(std::move(sql)), values_(std::in_place, std::forward<Args>(args)...) {}

    /// For `pipeline`.
    std::string_view sql() const noexcept { return sql_; }
    result<detail::statement_view> encode() { return values_.encode(sql_); }
    static result<value_type> decode(result_set&& rows) { return Decode()(std::move(rows)); }

private:
    sql_text sql_;
    Parameters values_;
};

namespace detail {

template <class Decode, class... Args>
using statement_for = statement<Decode, parameters_for<Args...>>;

} // namespace detail

/// The rows as they came.
template <std::same_as<detail::as_is> Rows = detail::as_is, class... Args>
detail::statement_for<detail::as_is, Args...> query(sql_text sql, Args&&... args) {
    return detail::statement_for<detail::as_is, Args...>(std::move(sql), std::in_place, std::forward<Args>(args)...);
}

/// All rows as `T`.
template <class T, class... Args>
detail::statement_for<detail::all_rows<T>, Args...> query(sql_text sql, Args&&... args) {
    return detail::statement_for<detail::all_rows<T>, Args...>(std::move(sql), std::in_place,
                                                               std::forward<Args>(args)...);
}

/// Exactly one row.
template <class T, class... Args>
detail::statement_for<detail::one_row<T>, Args...> query_one(sql_text sql, Args&&... args) {
    return detail::statement_for<detail::one_row<T>, Args...>(std::move(sql), std::in_place,
                                                              std::forward<Args>(args)...);
}

/// The value of the only column of the only row.
template <class T, class... Args>
    requires detail::is_value<T>
detail::statement_for<detail::one_row<T>, Args...> query_value(sql_text sql, Args&&... args) {
    return query_one<T>(std::move(sql), std::forward<Args>(args)...);
}

/// One row or none.
template <class T, class... Args>
detail::statement_for<detail::optional_row<T>, Args...> query_optional(sql_text sql, Args&&... args) {
    return detail::statement_for<detail::optional_row<T>, Args...>(std::move(sql), std::in_place,
                                                                   std::forward<Args>(args)...);
}

/// How many rows it affected.
template <class... Args>
detail::statement_for<detail::affected_rows, Args...> execute(sql_text sql, Args&&... args) {
    return detail::statement_for<detail::affected_rows, Args...>(std::move(sql), std::in_place,
                                                                 std::forward<Args>(args)...);
}

} // namespace coda::pg
