// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/parameters.hpp>

#include <fmt/format.h>

namespace coda::pg::detail {

std::size_t size_of(statement_view const& s) noexcept {
    std::size_t bytes = 64; // the messages around them, about
    for (std::size_t i = 0; i < s.types.size(); ++i)
        if (s.values[i] != nullptr) bytes += static_cast<std::size_t>(s.lengths[i]);
    return bytes;
}

result<> check_parameter(std::size_t at, encoder const& from, std::size_t size, std::size_t& total) {
    if (from.refused() != nullptr)
        return error(coda::errc::invalid_argument, fmt::format("parameter ${} {}", at + 1, from.refused()));
    total += size;
    if (total > largest_message)
        return error(
            coda::errc::invalid_argument,
            fmt::format("the parameters up to ${} have {} bytes; PostgreSQL takes less than 1 GB", at + 1, total));
    return {};
}

result<> check_sql(std::string_view sql) {
    if (sql.size() > largest_message)
        return error(coda::errc::invalid_argument,
                     fmt::format("the statement has {} bytes; PostgreSQL takes less than 1 GB", sql.size()));
    if (sql.find('\0') != std::string_view::npos)
        return error(coda::errc::invalid_argument, "the statement contains a zero byte");
    return {};
}

} // namespace coda::pg::detail
