// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/postgres/detail/script.hpp>

namespace coda::pg::detail {

void script::take(result<result_set>&& reply) noexcept {
    if (reply.has_error()) {
        if (!failure_) failure_ = reply.error();
        return;
    }
    ++statements_;
    affected_ += reply->affected();
    auto const tag = reply->command();
    if (tag == "COMMIT" || tag == "PREPARE TRANSACTION") committed_ = statements_;
}

} // namespace coda::pg::detail
