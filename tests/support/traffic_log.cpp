// SPDX-License-Identifier: BSL-1.0
#include "traffic_log.hpp"

#include <algorithm>

namespace coda::test {

namespace {

constexpr std::size_t closed_kept = 1000;

template <class Stats>
auto& side(Stats& stats, direction d) {
    return d == direction::to_server ? stats.to_server : stats.to_client;
}

template <class Connections>
auto locate(Connections& connections, connection_id id) {
    return std::lower_bound(connections.begin(), connections.end(), id,
                            [](connection_stats const& c, connection_id i) { return c.id < i; });
}

} // namespace

connection_stats const* proxy_stats::find(connection_id id) const noexcept {
    auto const at = locate(connections, id);
    return at != connections.end() && at->id == id ? &*at : nullptr;
}

proxy_stats traffic_log::snapshot() const {
    std::lock_guard const lock{mutex_};
    return stats_;
}

bool traffic_log::wait_for(std::function<bool(proxy_stats const&)> const& holds,
                           std::chrono::milliseconds bound) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, bound, [&] { return holds(stats_); });
}

void traffic_log::capture(bool on) {
    std::lock_guard const lock{mutex_};
    capturing_ = on;
}

connection_id traffic_log::accepted() {
    std::lock_guard const lock{mutex_};
    ++stats_.open;
    auto const id = ++stats_.accepted;
    stats_.connections.push_back({.id = id});
    changed_.notify_all();
    return id;
}

void traffic_log::received(connection_id id, direction d, std::size_t count) {
    std::lock_guard const lock{mutex_};
    side(known(id), d).received += count;
    side(stats_, d).received += count;
    changed_.notify_all();
}

ssize_t traffic_log::forward(connection_id id, direction d, std::string_view bytes,
                             std::function<ssize_t(std::string_view)> const& send) {
    std::lock_guard const lock{mutex_};
    auto const sent = send(bytes);
    if (sent <= 0) return sent;
    auto const passed = bytes.substr(0, static_cast<std::size_t>(sent));
    auto& connection = side(known(id), d);
    connection.forwarded += passed.size();
    if (capturing_) connection.captured += passed;
    side(stats_, d).forwarded += passed.size();
    changed_.notify_all();
    return sent;
}

void traffic_log::closed(connection_id id) {
    std::lock_guard const lock{mutex_};
    known(id).open = false;
    --stats_.open;
    forget_oldest_closed();
    changed_.notify_all();
}

connection_stats& traffic_log::known(connection_id id) { return *locate(stats_.connections, id); }

void traffic_log::forget_oldest_closed() {
    auto& all = stats_.connections;
    if (all.size() - stats_.open <= closed_kept) return;
    all.erase(std::find_if(all.begin(), all.end(), [](auto const& c) { return !c.open; }));
}

} // namespace coda::test
