// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "plan.hpp"
#include "workloads/query.hpp"

#include <coda/redis.hpp>
#include <coda/runtime.hpp>

#include <cstddef>
#include <cstdint>

namespace coda::bench::redis {

/// One coda::redis::client, used as a user would.
class coda_session {
public:
    coda_session(loop& l, plan const& p);

    [[nodiscard]] task<> open();
    [[nodiscard]] task<std::int64_t> execute(query q, std::int64_t key);
    [[nodiscard]] bool lost() const { return db_.open_connections() == 0; }
    [[nodiscard]] task<> close();

private:
    std::size_t connections_;
    coda::redis::client db_;
};

} // namespace coda::bench::redis
