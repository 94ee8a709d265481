// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/postgres/detail/row_feed.hpp>

namespace coda::pg::detail {

// What comes behind the last row is a result without rows.
void row_feed::take(result<result_set>&& reply) noexcept {
    if (reply.has_error()) {
        failure_ = reply.error();
    } else if (reply->size() > 0) {
        repeats_ = repeats::never; // what was read cannot be taken back
        row_.emplace(std::move(*reply));
    }
}

// Without waiting, where libpq has read it already.
bool row_feed::has_next() noexcept {
    if (at == stage::sent && !row_) on()->take_more_rows();
    return row_.has_value() || at == stage::ended;
}

// Rows that came before an error are rows; an error that came before the connection was lost stands.
result<std::optional<result_set>> row_feed::take_next() noexcept {
    if (row_) return std::exchange(row_, std::nullopt);
    if (failure_) return *failure_;
    if (failed()) return *failed();
    return std::optional<result_set>();
}

} // namespace coda::pg::detail
