// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/cursor.hpp>

#include <fmt/format.h>

namespace coda::pg::detail {

std::string next_cursor_name() {
    thread_local std::uint64_t last = 0;
    return fmt::format("coda_cursor_{}", ++last);
}

result<std::string> fetch_sql(std::string const& cursor, std::size_t rows) {
    constexpr std::size_t most = 1'000'000'000;
    if (rows < 1 || rows > most)
        return error(make_error_code(coda::errc::invalid_argument),
                     fmt::format("rows must be 1 to {}, not {}", most, rows));
    return fmt::format("fetch {} from {}", rows, cursor);
}

} // namespace coda::pg::detail
