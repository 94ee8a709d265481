// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/error.hpp>
#include <coda/postgres/type.hpp>

#include <optional>

struct pg_result;

namespace coda::pg::detail {

// A result of libpq's that somebody else owns; what result_set documents. nullptr: no rows, no columns.
class result_view {
public:
    result_view() noexcept = default;
    explicit result_view(pg_result* of) noexcept : result_(of) {}

    std::size_t size() const noexcept;
    std::size_t columns() const noexcept;
    std::string_view column_name(std::size_t column) const noexcept;
    oid column_type(std::size_t column) const noexcept;
    result<std::size_t> column(std::string_view name) const;
    std::uint64_t affected() const noexcept;
    std::string_view command() const noexcept;
    std::size_t memory() const noexcept; // that libpq has taken for it
    std::optional<bytes> raw(std::size_t row, std::size_t column) const noexcept;

    // The same for those who have checked the place; data() is null where it is NULL.
    bytes value(int row, int column) const noexcept;

protected:
    pg_result* result_ = nullptr;
};

error no_such_row(std::size_t index, std::size_t rows);
error no_such_column(std::string_view name);
error no_such_column(std::size_t index, std::size_t columns);
result<> check_columns(std::size_t asked, std::size_t columns);

// A value that is not what was `wanted`; `fits`: its type would be one of those that it is read from.
error unreadable(result_view from, std::size_t column, std::string const& wanted, bool fits);
error unexpected_null(result_view from, std::size_t column);

} // namespace coda::pg::detail
