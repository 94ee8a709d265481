// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec.hpp>
#include <coda/postgres/error.hpp>

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <memory>
#include <tuple>

struct pg_result;

/// What a statement gave: rows of columns, read into plain types.
///
///     coda::pg::result_set rows = co_await db.query("select id, owner from accounts");
///     for (std::size_t i = 0; i < rows.size(); ++i) use(rows.get<std::int64_t>(i, 0).value());
namespace coda::pg {

/// The rows of one statement, as the server sent them (binary). Owns them; move-only. Not bound to a loop or thread.
class result_set {
public:
    /// No rows, no columns.
    result_set() noexcept = default;
    /// Takes over a libpq result.
    explicit result_set(pg_result* owned) noexcept : result_(owned) {}

    /// Rows.
    std::size_t size() const noexcept;
    /// Columns of each row.
    std::size_t columns() const noexcept;
    /// Empty where there is no such column.
    std::string_view column_name(std::size_t column) const noexcept;
    /// The type of its values, as pg_type has it; 0 where there is no such column.
    oid column_type(std::size_t column) const noexcept;
    /// The first column of that name, or errc::no_such_column.
    result<std::size_t> column(std::string_view name) const;

    /// Rows that an insert, update, delete (or select) reports; 0 for other statements.
    std::uint64_t affected() const noexcept;

    /// The bytes of a value, valid as long as this object; no value where it is NULL. `row` and `column` must exist.
    std::optional<bytes> raw(std::size_t row, std::size_t column) const noexcept;

    /// The value as `T`, a type with a `codec` or an std::optional of one. Errors: errc::no_rows (there is no such
    /// row), errc::no_such_column, errc::unexpected_null, coda::errc::type_mismatch; each names the column, what was
    /// asked for and what was sent.
    template <class T>
    result<T> get(std::size_t row, std::size_t column) const;

private:
    struct clear {
        void operator()(pg_result* r) const noexcept;
    };
    std::unique_ptr<pg_result, clear> result_;
};

namespace detail {

error no_such_column(std::string_view name);
error no_such_column(std::size_t index, std::size_t columns);
result<> check_columns(std::size_t asked, std::size_t columns);
error unreadable(result_set const& from, std::size_t column, oid wanted);
error unexpected_null(result_set const& from, std::size_t column);

template <class T>
result<> read_value(result_set const& from, std::size_t row, std::size_t column, T& to) {
    using value = typename unwrap_optional<T>::type;
    auto const raw = from.raw(row, column);
    if (!raw) {
        if constexpr (unwrap_optional<T>::nullable) {
            to.reset();
            return {};
        } else {
            return unexpected_null(from, column);
        }
    }
    bool good = false;
    if constexpr (unwrap_optional<T>::nullable)
        good = codec<value>::decode(*raw, from.column_type(column), to.emplace());
    else
        good = codec<value>::decode(*raw, from.column_type(column), to);
    return good ? result<>() : result<>(unreadable(from, column, codec<value>::type));
}

// Reads rows as `T`: a struct described to Boost.Describe (columns by name), a tuple (by place), or the only column.
template <class T>
class row_reader {
public:
    static result<row_reader> make(result_set const& from) {
        auto const good = check_columns(1, from.columns());
        if (good.has_error()) return good.error();
        return row_reader();
    }
    result<> read(result_set const& from, std::size_t row, T& to) const { return read_value(from, row, 0, to); }
};

template <class... T>
class row_reader<std::tuple<T...>> {
public:
    static result<row_reader> make(result_set const& from) {
        auto const good = check_columns(sizeof...(T), from.columns());
        if (good.has_error()) return good.error();
        return row_reader();
    }
    result<> read(result_set const& from, std::size_t row, std::tuple<T...>& to) const {
        return read_all(from, row, to, std::index_sequence_for<T...>());
    }

private:
    template <std::size_t... I>
    static result<> read_all(result_set const& from, std::size_t row, std::tuple<T...>& to, std::index_sequence<I...>) {
        result<> good;
        ((good.has_value() ? void(good = read_value(from, row, I, std::get<I>(to))) : void()), ...);
        return good;
    }
};

template <class T>
    requires boost::describe::has_describe_members<T>::value
class row_reader<T> {
    using members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

public:
    static result<row_reader> make(result_set const& from) {
        row_reader reader;
        result<> good;
        std::size_t member = 0;
        boost::mp11::mp_for_each<members>([&](auto described) {
            if (good.has_error()) return;
            auto column = from.column(described.name);
            if (column.has_error())
                good = column.error();
            else
                reader.columns_[member++] = *column;
        });
        if (good.has_error()) return good.error();
        return reader;
    }
    result<> read(result_set const& from, std::size_t row, T& to) const {
        result<> good;
        std::size_t member = 0;
        boost::mp11::mp_for_each<members>([&](auto described) {
            if (good.has_value()) good = read_value(from, row, columns_[member++], to.*described.pointer);
        });
        return good;
    }

private:
    std::array<std::size_t, boost::mp11::mp_size<members>::value> columns_{};
};

// All rows as T.
template <class T>
result<std::vector<T>> read_rows(result_set const& from) {
    auto const reader = row_reader<T>::make(from);
    if (reader.has_error()) return reader.error();
    std::vector<T> rows(from.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto const good = reader->read(from, i, rows[i]);
        if (good.has_error()) return good.error();
    }
    return rows;
}

// The only row, nothing where there is none; errc::several_rows where there are more.
template <class T>
result<std::optional<T>> read_optional_row(result_set const& from) {
    if (from.size() > 1) return error(errc::several_rows, outcome::completed);
    if (from.size() == 0) return std::optional<T>();
    auto const reader = row_reader<T>::make(from);
    if (reader.has_error()) return reader.error();
    std::optional<T> row(std::in_place);
    auto const good = reader->read(from, 0, *row);
    if (good.has_error()) return good.error();
    return row;
}

} // namespace detail

template <class T>
result<T> result_set::get(std::size_t row, std::size_t column) const {
    if (row >= size()) return error(errc::no_rows, outcome::completed);
    if (column >= columns()) return detail::no_such_column(column, columns());
    T value{};
    auto const good = detail::read_value(*this, row, column, value);
    if (good.has_error()) return good.error();
    return value;
}

} // namespace coda::pg
