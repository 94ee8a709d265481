// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string_view>

namespace coda::bench {

/// What one operation is. The same for every store and client.
enum class workload {
    read,  ///< one record by its key
    write, ///< an update of one record by its key
    page,  ///< five reads: the account; then its session, settings and latest order; the order's item
};

/// A workload's name and what it does, for --list and the report.
struct workload_info {
    workload id;
    std::string_view name;
    std::string_view about;
    int queries; ///< sent to the server for one operation
};

inline constexpr std::array workloads{
    workload_info{workload::read, "read", "point read: one record by its key", 1},
    workload_info{workload::write, "write", "point write: update one record by its key", 1},
    workload_info{workload::page, "page",
                  "a web page's five reads: account, then session + settings + latest order "
                  "independently, then the order's item",
                  5},
};

/// The workload of that name; the name must be one of `workloads`.
[[nodiscard]] constexpr workload_info const& find_workload(std::string_view name) {
    for (auto const& w : workloads)
        if (w.name == name) return w;
    throw "no such workload";
}

/// A workload's name and what it does.
[[nodiscard]] constexpr workload_info const& info_of(workload w) {
    for (auto const& each : workloads)
        if (each.id == w) return each;
    throw "no such workload";
}

} // namespace coda::bench
