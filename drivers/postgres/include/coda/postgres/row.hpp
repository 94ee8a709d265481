// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/row_reader.hpp>

#include <iterator>

/// Rows that are read one value at a time, by name or by place.
///
///     coda::pg::result_set rows = co_await db.query("select * from accounts");
///     for (coda::pg::row_view row : rows) use(row["id"].as<std::int64_t>(), row[1].as<std::string_view>());
namespace coda::pg {

namespace detail {

template <class T>
T value_or_throw_error(result<T> r) {
    if (r.has_error()) throw exception(r.error());
    return std::move(*r);
}

// Over the elements of something that has them by index.
template <class View>
class index_iterator {
public:
    using value_type = decltype(std::declval<View const&>()[std::size_t{}]);
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    index_iterator() noexcept = default;
    index_iterator(View const& of, std::size_t at) noexcept : of_(of), at_(at) {}
    value_type operator*() const noexcept { return of_[at_]; }
    index_iterator& operator++() noexcept {
        ++at_;
        return *this;
    }
    index_iterator operator++(int) noexcept {
        auto before = *this;
        ++at_;
        return before;
    }
    friend bool operator==(index_iterator const& a, index_iterator const& b) noexcept { return a.at_ == b.at_; }

private:
    View of_;
    std::size_t at_ = 0;
};

} // namespace detail

/// One value of a row, which may not be there: then reading it fails. Valid as long as its result_set, also when that
/// is moved; one found by a name no longer than the name.
class field_view {
public:
    /// Made by row_view.
    field_view(detail::result_view of, std::size_t row, std::size_t column) noexcept
        : result_(of), row_(row), column_(column) {}
    /// For a name that no column has.
    field_view(detail::result_view of, std::size_t row, std::string_view missing) noexcept
        : result_(of), row_(row), column_(of.columns()), missing_(missing) {}

    /// The value as `T`, a type with a `codec` or an std::optional of one; views of texts and bytes too. Throws
    /// coda::exception: errc::no_rows, no_such_column, unexpected_null, coda::errc::type_mismatch; each names the
    /// column, what was asked for and what was sent.
    template <class T>
    T as() const {
        return detail::value_or_throw_error(try_as<T>());
    }
    /// The same without throwing.
    template <class T>
    result<T> try_as() const {
        if (auto const found = check(); found.has_error()) return found.error();
        detail::column_place const place{static_cast<int>(column_), type()};
        if (auto const good = detail::check_type<T>(result_, place); good.has_error()) return good.error();
        T value{};
        if (detail::read_value(result_, static_cast<int>(row_), place, value)) return value;
        return detail::why_unreadable<T>(result_, column_, !result_.raw(row_, column_));
    }
    /// Whether it is NULL. Throws where there is no such row or column.
    bool is_null() const;
    /// Its bytes, nothing where it is NULL. Throws as is_null.
    std::optional<bytes> raw() const;

    /// The column's name; empty where there is no such column.
    std::string_view name() const noexcept { return result_.column_name(column_); }
    /// The column's type, as pg_type has it; 0 where there is no such column.
    oid type() const noexcept { return result_.column_type(column_); }

private:
    result<> check() const;

    detail::result_view result_;
    std::size_t row_;
    std::size_t column_;
    std::string_view missing_;
};

/// One row. Valid as long as its result_set, also when that is moved.
class row_view {
public:
    using iterator = detail::index_iterator<row_view>;

    row_view() noexcept = default;
    /// Made by result_set.
    row_view(detail::result_view of, std::size_t row) noexcept : result_(of), row_(row) {}

    /// Columns.
    std::size_t size() const noexcept { return result_.columns(); }
    /// By place, from 0 on.
    field_view operator[](std::size_t column) const noexcept { return {result_, row_, column}; }
    /// The first column of exactly that name.
    field_view operator[](std::string_view name) const;
    iterator begin() const noexcept { return {*this, 0}; }
    iterator end() const noexcept { return {*this, size()}; }

    /// The row as a struct (columns by name), a std::tuple (by place) or its only value; with views, too. Throws as
    /// field_view::as.
    template <class T>
    T as() const {
        return detail::value_or_throw_error(try_as<T>());
    }
    /// The same without throwing.
    template <class T>
    result<T> try_as() const {
        if (row_ >= result_.size()) return detail::no_such_row(row_, result_.size());
        auto const reader = detail::row_reader<T>::make_viewing(result_);
        if (reader.has_error()) return reader.error();
        T row{};
        auto const good = reader->read(result_, row_, row);
        if (good.has_error()) return good.error();
        return row;
    }

private:
    detail::result_view result_;
    std::size_t row_ = 0;
};

namespace detail {

// The rows of a result, by index.
class row_list {
public:
    row_list() noexcept = default;
    explicit row_list(result_view of) noexcept : result_(of) {}
    row_view operator[](std::size_t row) const noexcept { return {result_, row}; }

private:
    result_view result_;
};

} // namespace detail

} // namespace coda::pg
