// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/result_set.hpp>

// What a statement's rows are read into.
namespace coda::pg::detail {

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
    using by_part = rows_by_part<T>;
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
