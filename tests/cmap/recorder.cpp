// SPDX-License-Identifier: BSL-1.0
#include "recorder.hpp"

#include <algorithm>

namespace coda::cmap {

namespace {

using kind = pool_event::kind;
using std::chrono::milliseconds;

// The pool's own limits stand for CMAP's "no limit".
constexpr std::size_t unlimited_size = 100'000;
constexpr duration unlimited_time = std::chrono::hours(24);

std::int64_t in_ms(duration d) { return std::chrono::duration_cast<milliseconds>(d).count(); }
std::int64_t limit_in_ms(duration d) { return d == unlimited_time ? 0 : in_ms(d); }

json::object describe(pool_options const& o) {
    return {{"maxPoolSize", o.max_size == unlimited_size ? 0 : o.max_size},
            {"minPoolSize", o.min_size},
            {"maxConnecting", o.max_connecting},
            {"maxIdleTimeMS", limit_in_ms(o.max_idle_time)},
            {"waitQueueTimeoutMS", limit_in_ms(o.acquire_timeout)},
            {"backgroundThreadIntervalMS", o.upkeep_interval == duration::zero() ? -1 : in_ms(o.upkeep_interval)}};
}

json::object describe(pool_event const& e) {
    json::object text{{"type", json::string(to_string(e.what))}, {"address", json::string(e.pool)}};
    if (e.connection != 0) text["connectionId"] = e.connection;
    switch (e.what) {
    case kind::pool_created: text["options"] = describe(*e.options); break;
    case kind::pool_cleared: text["interruptInUseConnections"] = e.interrupt_in_use; break;
    case kind::connection_closed: text["reason"] = json::string(to_string(e.reason)); break;
    case kind::acquire_failed: text["reason"] = json::string(to_string(e.failure)); [[fallthrough]];
    case kind::connection_ready:
    case kind::connection_taken: text["duration"] = in_ms(e.took); break;
    default: break;
    }
    return text;
}

} // namespace

bool is_event(std::string_view type) noexcept {
    for (auto k : {kind::pool_created, kind::pool_ready, kind::pool_cleared, kind::pool_closed,
                   kind::connection_created, kind::connection_ready, kind::connection_closed, kind::acquire_started,
                   kind::acquire_failed, kind::connection_taken, kind::connection_returned})
        if (to_string(k) == type) return true;
    return false;
}

void recorder::on_event(pool_event const& e) noexcept {
    if (stopped_ || !is_event(to_string(e.what))) return;
    events_.push_back(describe(e));
    changed_.set();
}

std::int64_t recorder::count(std::string_view type) const noexcept {
    return std::ranges::count_if(events_, [&](auto const& e) { return e.at("type").as_string() == type; });
}

} // namespace coda::cmap
