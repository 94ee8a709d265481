// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "checked_texts.hpp"

#include <coda/postgres/detail/execution.hpp>
#include <coda/postgres/options.hpp>

#include <string>
#include <unordered_set>

namespace coda::pg::detail {

// Which statements of a client may share its sessions, and which a Sync with others, and how many. No I/O. One for all
// of a client's sessions: what one has learnt to write, none tries again.
class grouping_policy {
public:
    explicit grouping_policy(client_options const& o) noexcept
        : when_(o.connection.max_in_flight < 2 * o.min_group ? grouping::off : o.grouping),
          least_(o.min_group),
          most_(o.max_group) {}

    // Else errc::needs_own_connection.
    result<> admit(std::string_view sql) { return texts_.check(sql); }

    // `asked`: the caller says that it only reads.
    grouped choose(std::string_view sql, bool asked);

    // It was tried in a group, and would have written.
    void wrote(std::string_view sql);

    std::size_t most() const noexcept { return most_; }

    // How many of `queued` that may be grouped are sent now, where `room` more may be in flight: 1 alone, 0 none, until
    // replies have made room for a group.
    std::size_t size(std::size_t queued, std::size_t room) const noexcept;

private:
    struct hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    grouping when_;
    std::size_t least_;
    std::size_t most_;
    checked_texts texts_;
    std::unordered_set<std::string, hash, std::equal_to<>> writers_;
};

} // namespace coda::pg::detail
