// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/result_set.hpp>

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>

namespace coda::pg {

namespace detail {

std::size_t result_view::size() const noexcept { return static_cast<std::size_t>(PQntuples(result_)); }

std::size_t result_view::columns() const noexcept { return static_cast<std::size_t>(PQnfields(result_)); }

std::string_view result_view::column_name(std::size_t column) const noexcept {
    char const* name = PQfname(result_, static_cast<int>(column));
    return name != nullptr ? name : std::string_view();
}

oid result_view::column_type(std::size_t column) const noexcept { return PQftype(result_, static_cast<int>(column)); }

// Not PQfnumber: it folds case and wants a terminated string.
result<std::size_t> result_view::column(std::string_view name) const {
    for (std::size_t i = 0; i < columns(); ++i)
        if (column_name(i) == name) return i;
    return no_such_column(name);
}

std::size_t result_view::memory() const noexcept { return result_ != nullptr ? PQresultMemorySize(result_) : 0; }

std::uint64_t result_view::affected() const noexcept {
    std::string_view const text = PQcmdTuples(result_);
    std::uint64_t rows = 0;
    std::from_chars(text.data(), text.data() + text.size(), rows);
    return rows;
}

std::string_view result_view::command() const noexcept {
    char const* const tag = PQcmdStatus(result_);
    return tag != nullptr ? tag : std::string_view();
}

std::optional<bytes> result_view::raw(std::size_t row, std::size_t column) const noexcept {
    bytes const v = value(static_cast<int>(row), static_cast<int>(column));
    return v.data() != nullptr ? std::optional(v) : std::nullopt;
}

bytes result_view::value(int row, int column) const noexcept {
    char const* const data = PQgetvalue(result_, row, column);
    auto const length = static_cast<std::size_t>(PQgetlength(result_, row, column));
    if (length == 0 && PQgetisnull(result_, row, column) != 0) return {};
    return std::as_bytes(std::span(data, length));
}

error no_such_row(std::size_t index, std::size_t rows) {
    return {errc::no_rows, fmt::format("row [{}] was asked for, of {}", index, rows), outcome::completed};
}

error no_such_column(std::string_view name) {
    return {errc::no_such_column, fmt::format("the result has no column \"{}\"", name), outcome::completed};
}

error no_such_column(std::size_t index, std::size_t columns) {
    return {errc::no_such_column, fmt::format("column [{}] was asked for, of {}", index, columns), outcome::completed};
}

result<> check_columns(std::size_t asked, std::size_t columns) {
    if (asked == columns) return {};
    return error(asked > columns ? make_error_code(errc::no_such_column) : make_error_code(coda::errc::type_mismatch),
                 fmt::format("asked for a row of {} columns, the result has {}", asked, columns), outcome::completed);
}

error unreadable(result_view from, std::size_t column, std::string const& wanted, bool fits) {
    auto const* const why =
        fits ? "whose value has no such form: out of range, an unknown label, a NULL or another type "
               "inside, or malformed"
             : "cast it in the statement";
    return {coda::errc::type_mismatch,
            fmt::format("column \"{}\": asked for {}, the server sent {}{} {}", from.column_name(column), wanted,
                        type_name(from.column_type(column)), fits ? "," : ";", why),
            outcome::completed};
}

error unexpected_null(result_view from, std::size_t column) {
    return {errc::unexpected_null,
            fmt::format("column \"{}\" is NULL; read it as std::optional", from.column_name(column)),
            outcome::completed};
}

} // namespace detail

void result_set::clear() noexcept { PQclear(result_); }

result<> field_view::check() const {
    if (row_ >= result_.size()) return detail::no_such_row(row_, result_.size());
    if (column_ < result_.columns()) return {};
    return missing_.data() != nullptr ? detail::no_such_column(missing_)
                                      : detail::no_such_column(column_, result_.columns());
}

bool field_view::is_null() const { return !raw(); }

std::optional<bytes> field_view::raw() const {
    if (auto const found = check(); found.has_error()) throw exception(found.error());
    return result_.raw(row_, column_);
}

field_view row_view::operator[](std::string_view name) const {
    for (std::size_t i = 0; i < result_.columns(); ++i)
        if (result_.column_name(i) == name) return {result_, row_, i};
    return {result_, row_, name};
}

} // namespace coda::pg
