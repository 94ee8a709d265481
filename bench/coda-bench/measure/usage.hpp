// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace coda::bench {

/// What this process, all its threads together, has used since it started.
struct usage {
    double cpu_us = 0;                  ///< processor time in user and kernel mode, microseconds
    std::uint64_t context_switches = 0; ///< voluntary and involuntary

    /// Reads the counters now.
    [[nodiscard]] static usage now() noexcept;
};

/// The most resident memory this process ever had, in KiB (VmHWM); 0 if /proc cannot be read.
[[nodiscard]] std::uint64_t peak_rss_kib();

} // namespace coda::bench
