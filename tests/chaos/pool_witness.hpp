// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "audit.hpp"
#include "store.hpp"

#include <coda/pool/listener.hpp>
#include <coda/pool/statistics.hpp>
#include <coda/runtime/loop.hpp>

#include <array>
#include <map>
#include <string>

namespace coda::chaos {

/// Hears all events of one pool, or of one client whose connections are shared, and knows what it should be: each
/// connection opened, handed out and closed as the options say, and its own figures those that the events add up to. On
/// its loop; must outlive it.
class pool_witness final : public pool_listener {
public:
    /// Of `o`, all is checked that is about one connection.
    pool_witness(loop& l, pool_options const& o, objector object) : loop_(l), options_(o), object_(std::move(object)) {}

    void on_event(pool_event const& e) noexcept override;

    /// Between two turns of the pool: what it says of itself against what was heard.
    void compare(pool_statistics const& s) const;
    /// The same of a client, which leases nothing.
    void compare_shared(pool_statistics const& s) const;
    /// When the pool has gone: why connections were closed, and whether all were.
    void tell(audit& a, std::string_view whose) const;

private:
    static constexpr std::array reasons{close_reason::stale,       close_reason::idle,    close_reason::error,
                                        close_reason::pool_closed, close_reason::expired, close_reason::used_up,
                                        close_reason::overflow};

    struct connection {
        bool open = false;
        bool taken = false;
        std::uint64_t uses = 0;
        time_point opened{};
        time_point rests_since{}; // opened or returned
    };

    void ready(connection& c);
    void take(std::uint64_t id, connection& c);
    void close(std::uint64_t id, connection const& c, close_reason why);
    void check_reason(std::uint64_t id, connection const& c, close_reason why) const;

    loop& loop_;
    pool_options options_;
    objector object_;
    std::map<std::uint64_t, connection> connections_; // that were not closed
    std::uint64_t last_ = 0;
    std::uint64_t opened_ = 0;
    std::uint64_t closed_ = 0; // of those that were opened
    std::uint64_t handed_out_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t held_too_long_ = 0;
    std::array<std::uint64_t, reasons.size()> closed_for_{};
};

} // namespace coda::chaos
