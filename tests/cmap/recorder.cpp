// SPDX-License-Identifier: BSL-1.0
#include "recorder.hpp"

#include "form.hpp"

#include <algorithm>
#include <array>

namespace coda::cmap {

namespace {

using kind = pool_event::kind;
using std::chrono::milliseconds;

std::array const names = {
    to_string(kind::pool_created),      to_string(kind::pool_ready),          to_string(kind::pool_cleared),
    to_string(kind::pool_closed),       to_string(kind::connection_created),  to_string(kind::connection_ready),
    to_string(kind::connection_closed), to_string(kind::acquire_started),     to_string(kind::acquire_failed),
    to_string(kind::connection_taken),  to_string(kind::connection_returned),
};

std::array const reasons = {
    to_string(close_reason::stale),          to_string(close_reason::idle),
    to_string(close_reason::error),          to_string(close_reason::pool_closed),
    to_string(acquire_failure::timed_out),   to_string(acquire_failure::connection_error),
    to_string(acquire_failure::pool_closed),
};

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

json::object describe(pool_event const& e, json::object const& given) {
    json::object text{{"type", json::string(to_string(e.what))}, {"address", json::string(e.pool)}};
    if (e.connection != 0) text["connectionId"] = e.connection;
    switch (e.what) {
    case kind::pool_created: {
        auto options = describe(*e.options);
        options.insert(given.begin(), given.end()); // but for those that are there
        text["options"] = std::move(options);
        break;
    }
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

std::span<std::string_view const> event_names() noexcept { return names; }
std::span<std::string_view const> event_reasons() noexcept { return reasons; }

void recorder::on_event(pool_event const& e) noexcept {
    auto const name = to_string(e.what);
    if (stopped_ || std::ranges::find(names, name) == names.end()) return;
    events_.push_back(describe(e, given_));
    ++counts_[name];
    changed_.set();
}

std::int64_t recorder::count(std::string_view type) const noexcept {
    auto const found = counts_.find(type);
    return found == counts_.end() ? 0 : found->second;
}

} // namespace coda::cmap
