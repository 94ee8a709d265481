// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/row.hpp>

#include <utility>

/// What a statement gave: rows of columns, read into plain types, or one value at a time.
///
///     coda::pg::result_set rows = co_await db.query("select id, owner from accounts");
///     for (coda::pg::row_view row : rows) use(row["id"].as<std::int64_t>());
namespace coda::pg {

/// The rows of one statement, as the server sent them (binary). Owns them; move-only. Not bound to a loop or thread.
///
/// Views of it (row_view, field_view, std::string_view, bytes) are valid until it is destroyed or assigned to, and stay
/// so when it is moved. They are not had from a result that nobody keeps: `(co_await db.query(sql))[0]` does not
/// compile.
class result_set : public detail::result_view {
public:
    using iterator = detail::index_iterator<detail::row_list>;

    /// No rows, no columns.
    result_set() noexcept = default;
    /// Takes over a libpq result.
    explicit result_set(pg_result* owned) noexcept : result_view(owned) {}
    result_set(result_set&& other) noexcept : result_view(std::exchange(other.result_, nullptr)) {}
    result_set& operator=(result_set&& other) noexcept {
        std::swap(result_, other.result_);
        result_set(std::move(other)); // what was here goes now
        return *this;
    }
    ~result_set() {
        if (result_ != nullptr) clear(); // most have been moved from
    }

    /// Rows.
    using result_view::size;
    /// Columns of each row.
    using result_view::columns;
    /// Empty where there is no such column. Valid as long as this object.
    std::string_view column_name(std::size_t column) const& noexcept { return result_view::column_name(column); }
    std::string_view column_name(std::size_t) const&& = delete; // keep it: auto rows = co_await db.query(sql)
    /// The type of its values, as pg_type has it; 0 where there is no such column.
    using result_view::column_type;
    /// The first column of that name, or errc::no_such_column.
    using result_view::column;
    /// Rows that an insert, update, delete (or select) reports; 0 for other statements.
    using result_view::affected;
    /// What the server says it has done: "INSERT 0 3", "CREATE TABLE" (PostgreSQL manual, 55.7, CommandComplete). Valid
    /// as long as this object.
    std::string_view command() const& noexcept { return result_view::command(); }
    std::string_view command() const&& = delete; // keep it: auto rows = co_await db.query(sql)
    /// Bytes that libpq has taken for it.
    using result_view::memory;
    /// The bytes of a value, valid as long as this object; no value where it is NULL. `row` and `column` must exist.
    std::optional<bytes> raw(std::size_t row, std::size_t column) const& noexcept {
        return result_view::raw(row, column);
    }
    std::optional<bytes> raw(std::size_t, std::size_t) const&& = delete; // keep it: auto rows = co_await db.query(sql)

    /// One row; where there is no such row, reading of it fails.
    row_view operator[](std::size_t row) const& noexcept { return {*this, row}; }
    row_view operator[](std::size_t) const&& = delete; // keep it: auto rows = co_await db.query(sql)
    iterator begin() const& noexcept { return {detail::row_list(*this), 0}; }
    iterator begin() const&& = delete; // keep it: auto rows = co_await db.query(sql)
    iterator end() const& noexcept { return {detail::row_list(*this), size()}; }
    iterator end() const&& = delete; // keep it: auto rows = co_await db.query(sql)

    /// All rows as `T`: a struct described to Boost.Describe (columns by name), a std::tuple (by place), or the value
    /// of the only column; with views into this object, too. Throws coda::exception as field_view::as.
    template <class T>
    std::vector<T> as() const& {
        return detail::value_or_throw_error(try_as<T>());
    }
    template <class T>
    std::vector<T> as() const&& {
        return detail::value_or_throw_error(detail::read_rows<T>(*this));
    }
    /// The same without throwing.
    template <class T>
    result<std::vector<T>> try_as() const& {
        return detail::read_rows_by<T>(detail::row_reader<T>::make_viewing(*this), *this);
    }
    template <class T>
    result<std::vector<T>> try_as() const&& {
        return detail::read_rows<T>(*this);
    }

    /// The value as `T`, a type with a `codec` or an std::optional of one. Errors: errc::no_rows (there is no such
    /// row), errc::no_such_column, errc::unexpected_null, coda::errc::type_mismatch; each names the column, what was
    /// asked for and what was sent.
    template <class T>
    result<T> get(std::size_t row, std::size_t column) const& {
        return field_view(*this, row, column).template try_as<T>();
    }
    template <class T>
    result<T> get(std::size_t row, std::size_t column) const&& {
        static_assert(!detail::holds_views<T>,
                      "a std::string_view or bytes would point into a result that is gone: get std::string or "
                      "std::vector<std::byte>, or keep the result: auto rows = co_await db.query(sql)");
        return field_view(*this, row, column).template try_as<T>();
    }

private:
    void clear() noexcept;
};

} // namespace coda::pg
