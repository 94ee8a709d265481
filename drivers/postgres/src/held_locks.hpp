// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/advisory_lease.hpp>

#include <map>
#include <optional>

namespace coda::pg::detail {

// Which advisory locks a session holds or waits for, each once: the server counts them, and who does not know whether
// he has got one must be able to give it back without giving back another's. No I/O.
class held_locks {
public:
    using ticket = std::uint64_t;

    // Nothing where it is taken already.
    std::optional<ticket> take(std::int64_t key, lock_mode mode) {
        auto const [place, added] = taken_.try_emplace({key, mode}, next_);
        if (!added) return {};
        return next_++;
    }
    bool has(std::int64_t key, lock_mode mode, ticket t) const noexcept {
        auto const found = taken_.find({key, mode});
        return found != taken_.end() && found->second == t;
    }
    // Whether it was taken.
    bool drop(std::int64_t key, lock_mode mode, ticket t) noexcept {
        return has(key, mode, t) && taken_.erase({key, mode}) > 0;
    }
    // All are gone, whoever had them.
    void clear() noexcept { taken_.clear(); }

private:
    std::map<std::pair<std::int64_t, lock_mode>, ticket> taken_;
    ticket next_ = 1; // 0 is nobody's
};

} // namespace coda::pg::detail
