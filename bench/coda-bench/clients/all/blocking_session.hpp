// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "clients/all/place.hpp"
#include "clients/mongo/blocking_session.hpp"
#include "clients/postgres/blocking_session.hpp"
#include "clients/redis/blocking_session.hpp"
#include "plan.hpp"
#include "workloads/query.hpp"

#include <cstdint>
#include <string>

namespace coda::bench::all {

/// A connection to each, used one after the other. One thread at a time.
class blocking_session {
public:
    explicit blocking_session(plan const& p) : postgres_(p), redis_(p), mongo_(p) {}

    /// Asks one query; `next` is the key that leads on.
    /// @return what went wrong, empty if nothing did
    [[nodiscard]] std::string execute(query q, std::int64_t key, std::int64_t& next) {
        switch (place_of(q)) {
        case place::postgres: return postgres_.execute(q, key, next);
        case place::redis: return redis_.execute(q, key, next);
        case place::mongo: break;
        }
        return mongo_.execute(q, key, next);
    }

    /// False once one of them is lost.
    [[nodiscard]] bool alive() const noexcept { return postgres_.alive() && redis_.alive() && mongo_.alive(); }

private:
    postgres::blocking_session postgres_;
    redis::blocking_session redis_;
    mongo::blocking_session mongo_;
};

} // namespace coda::bench::all
