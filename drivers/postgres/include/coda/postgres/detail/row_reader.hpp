// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec.hpp>
#include <coda/postgres/detail/result_view.hpp>

#include <algorithm>
#include <vector>

namespace coda::pg::detail {

template <class T>
using value_type_of = typename unwrap_optional<T>::type;

// One column as it is read into a T, or an std::optional of one: where it is and what was sent, asked for once.
struct column_place {
    int at = 0;
    oid sent = 0;
};

// Why a value is not a T.
template <class T>
error why_unreadable(result_view from, std::size_t column, bool is_null) {
    using value = value_type_of<T>;
    if (is_null) return unexpected_null(from, column);
    oid const sent = from.column_type(column);
    bool fits = sent == codec<value>::type || codec<value>::type == type::any;
    if constexpr (requires { codec<value>::reads(sent); }) fits = codec<value>::reads(sent);
    return unreadable(from, column, name_of<value>(), fits);
}

template <class T>
result<> check_type(result_view from, column_place const& column) {
    if (reads<value_type_of<T>>(column.sent)) return {};
    return why_unreadable<T>(from, static_cast<std::size_t>(column.at), false);
}

// The path of every value of every row.
template <class T>
bool read_value(result_view from, int row, column_place const& column, T& to) {
    bytes const value = from.value(row, column.at);
    if constexpr (unwrap_optional<T>::nullable) {
        if (value.data() == nullptr) {
            to.reset();
            return true;
        }
        return codec<value_type_of<T>>::decode(value, column.sent, to.emplace());
    } else {
        return value.data() != nullptr && codec<T>::decode(value, column.sent, to);
    }
}

// The columns of a row of `Count` values.
template <std::size_t Count>
using column_places = std::array<column_place, Count>;

// Reads the I-th value of each; gives whether all could be read, else the error.
template <std::size_t Count, class Field, std::size_t... I>
result<> read_row(result_view from, int row, column_places<Count> const& columns, Field field,
                  std::index_sequence<I...>) {
    result<> good;
    (void)(... &&
           (read_value(from, row, columns[I], field.template operator()<I>()) ||
            (good = why_unreadable<std::remove_reference_t<decltype(field.template operator()<I>())>>(
                 from, static_cast<std::size_t>(columns[I].at), from.value(row, columns[I].at).data() == nullptr),
             false)));
    return good;
}

// How a T is found in a row: of how many values it is made, where each of them is, and what it is read into.
template <class T>
struct row_layout { // the only column
    static constexpr std::size_t count = 1;
    template <std::size_t I>
    static T& get(T& row) noexcept {
        return row;
    }
    static result<> locate(result_view from, column_places<count>& to) {
        if (auto const good = check_columns(count, from.columns()); good.has_error()) return good;
        to[0] = {0, from.column_type(0)};
        return {};
    }
};

// Such a T: not a row of several.
template <class T>
inline constexpr bool is_value = !boost::describe::has_describe_members<T>::value;
template <class... T>
inline constexpr bool is_value<std::tuple<T...>> = false;

template <class... T>
struct row_layout<std::tuple<T...>> { // by place
    static constexpr std::size_t count = sizeof...(T);
    template <std::size_t I>
    static auto& get(std::tuple<T...>& row) noexcept {
        return std::get<I>(row);
    }
    static result<> locate(result_view from, column_places<count>& to) {
        if (auto const good = check_columns(count, from.columns()); good.has_error()) return good;
        for (std::size_t i = 0; i < count; ++i) to[i] = {static_cast<int>(i), from.column_type(i)};
        return {};
    }
};

template <class T>
    requires boost::describe::has_describe_members<T>::value
struct row_layout<T> { // by name
    static constexpr std::size_t count = field_count<T>();
    template <std::size_t I>
    static auto& get(T& row) noexcept {
        return field_of<I>(row);
    }
    static result<> locate(result_view from, column_places<count>& to) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            result<> good;
            (void)(... && find(boost::mp11::mp_at_c<members_of<T>, I>::name, from, to[I], good));
            return good;
        }(std::make_index_sequence<count>());
    }

private:
    static bool find(std::string_view name, result_view from, column_place& to, result<>& good) {
        auto const column = from.column(name);
        if (column.has_error())
            good = column.error();
        else
            to = {static_cast<int>(*column), from.column_type(*column)};
        return good.has_value();
    }
};

// Reads the rows of one result as `T`: a struct described to Boost.Describe (columns by name), a tuple (by place), or
// the only column. Where the columns are and whether their types fit is found out once.
template <class T>
class row_reader {
    using layout = row_layout<T>;
    using indices = std::make_index_sequence<layout::count>;

public:
    // For rows that may outlive the result.
    static result<row_reader> make(result_view from) {
        static_assert(!holds_views<T>,
                      "a std::string_view or bytes would point into a result that is gone: read std::string or "
                      "std::vector<std::byte>, or keep the result: auto rows = co_await db.query(sql); rows.as<T>()");
        return make_viewing(from);
    }
    // For rows whose views are used only while the result is there.
    static result<row_reader> make_viewing(result_view from) {
        row_reader reader;
        auto good = layout::locate(from, reader.columns_);
        if (good.has_value()) good = reader.check_types(from, indices());
        if (good.has_error()) return good.error();
        return reader;
    }

    // `row` must exist.
    result<> read(result_view from, std::size_t row, T& to) const {
        return read_row(
            from, static_cast<int>(row), columns_,
            [&to]<std::size_t I>() -> auto& { return layout::template get<I>(to); }, indices());
    }

private:
    template <std::size_t... I>
    result<> check_types(result_view from, std::index_sequence<I...>) const {
        result<> good;
        (void)(... &&
               (good = check_type<std::remove_reference_t<decltype(layout::template get<I>(std::declval<T&>()))>>(
                    from, columns_[I]),
                good.has_value()));
        return good;
    }

    column_places<layout::count> columns_{};
};

// Into the place of a row. A vector of bool has none.
template <class T>
result<> read_at(row_reader<T> const& reader, result_view from, std::size_t row, std::vector<T>& to) {
    if constexpr (std::is_same_v<T, bool>) {
        bool value = false;
        auto const good = reader.read(from, row, value);
        to[row] = value;
        return good;
    } else {
        return reader.read(from, row, to[row]);
    }
}

// All rows, by a reader of them.
template <class T>
result<std::vector<T>> read_rows_by(result<row_reader<T>> const& reader, result_view from) {
    if (reader.has_error()) return reader.error();
    std::vector<T> rows(from.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto const good = read_at(*reader, from, i, rows);
        if (good.has_error()) return good.error();
    }
    return rows;
}

// How many of its rows may be read before others run: about a millisecond's.
inline std::size_t rows_at_once(result_view from) noexcept {
    constexpr std::size_t most_rows = 2'048;
    constexpr std::size_t most_bytes = 1'000'000;
    std::size_t const each = 1 + from.memory() / std::max<std::size_t>(from.size(), 1);
    return std::clamp<std::size_t>(most_bytes / each, 1, most_rows);
}

// All rows of a large result, so many at once.
template <class T>
class rows_by_part {
public:
    explicit rows_by_part(result_view from) : from_(from), reader_(row_reader<T>::make(from)) {
        if (reader_.has_value()) rows_.reserve(from.size());
    }
    // The next part. False: it was the last, or a value cannot be read.
    bool read_part() {
        auto const end = std::min(from_.size(), rows_.size() + rows_at_once(from_));
        for (; reader_.has_value() && rows_.size() < end;) {
            rows_.emplace_back();
            auto const good = read_at(*reader_, from_, rows_.size() - 1, rows_);
            if (good.has_error()) reader_ = good.error();
        }
        return reader_.has_value() && end < from_.size();
    }
    result<std::vector<T>> take() {
        if (reader_.has_error()) return reader_.error();
        return std::move(rows_);
    }

private:
    result_view from_;
    result<row_reader<T>> reader_;
    std::vector<T> rows_;
};

// All rows as T.
template <class T>
result<std::vector<T>> read_rows(result_view from) {
    return read_rows_by<T>(row_reader<T>::make(from), from);
}

// The only row, nothing where there is none; errc::several_rows where there are more.
template <class T>
result<std::optional<T>> read_optional_row(result_view from) {
    if (from.size() > 1) return error(errc::several_rows, outcome::completed);
    if (from.size() == 0) return std::optional<T>();
    auto const reader = row_reader<T>::make(from);
    if (reader.has_error()) return reader.error();
    std::optional<T> row(std::in_place);
    auto const good = reader->read(from, 0, *row);
    if (good.has_error()) return good.error();
    return row;
}

} // namespace coda::pg::detail
