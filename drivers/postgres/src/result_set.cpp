// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/result_set.hpp>

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>

namespace coda::pg {

void result_set::clear::operator()(pg_result* r) const noexcept { PQclear(r); }

std::size_t result_set::size() const noexcept { return static_cast<std::size_t>(PQntuples(result_.get())); }

std::size_t result_set::columns() const noexcept { return static_cast<std::size_t>(PQnfields(result_.get())); }

std::string_view result_set::column_name(std::size_t column) const noexcept {
    char const* name = PQfname(result_.get(), static_cast<int>(column));
    return name != nullptr ? name : std::string_view();
}

oid result_set::column_type(std::size_t column) const noexcept {
    return PQftype(result_.get(), static_cast<int>(column));
}

// Not PQfnumber: it folds case and wants a terminated string.
result<std::size_t> result_set::column(std::string_view name) const {
    for (std::size_t i = 0; i < columns(); ++i)
        if (column_name(i) == name) return i;
    return detail::no_such_column(name);
}

std::uint64_t result_set::affected() const noexcept {
    std::string_view const text = PQcmdTuples(result_.get());
    std::uint64_t rows = 0;
    std::from_chars(text.data(), text.data() + text.size(), rows);
    return rows;
}

std::optional<bytes> result_set::raw(std::size_t row, std::size_t column) const noexcept {
    int const r = static_cast<int>(row);
    int const c = static_cast<int>(column);
    char const* value = PQgetvalue(result_.get(), r, c);
    auto const length = static_cast<std::size_t>(PQgetlength(result_.get(), r, c));
    if (length == 0 && PQgetisnull(result_.get(), r, c) != 0) return std::nullopt;
    return std::as_bytes(std::span(value, length));
}

namespace detail {

error no_such_column(std::string_view name) {
    return {errc::no_such_column, fmt::format("the result has no column \"{}\"", name), outcome::completed};
}

error no_such_column(std::size_t index, std::size_t columns) {
    return {errc::no_such_column, fmt::format("column {} was asked for, the result has {}", index + 1, columns),
            outcome::completed};
}

result<> check_columns(std::size_t asked, std::size_t columns) {
    if (asked == columns) return {};
    return error(asked > columns ? make_error_code(errc::no_such_column) : make_error_code(coda::errc::type_mismatch),
                 fmt::format("asked for a row of {} columns, the result has {}", asked, columns), outcome::completed);
}

error unreadable(result_set const& from, std::size_t column, oid wanted) {
    return {coda::errc::type_mismatch,
            fmt::format("column \"{}\": asked for {}, the server sent {}; cast it in the statement",
                        from.column_name(column), type_name(wanted), type_name(from.column_type(column))),
            outcome::completed};
}

error unexpected_null(result_set const& from, std::size_t column) {
    return {errc::unexpected_null,
            fmt::format("column \"{}\" is NULL; read it as std::optional", from.column_name(column)),
            outcome::completed};
}

} // namespace detail

} // namespace coda::pg
