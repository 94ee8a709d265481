// SPDX-License-Identifier: BSL-1.0
#include "measure/usage.hpp"

#include <sys/resource.h>

#include <fstream>
#include <limits>
#include <string>

namespace coda::bench {
namespace {

double microseconds(timeval const& t) noexcept {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
}

} // namespace

usage usage::now() noexcept {
    rusage r{};
    ::getrusage(RUSAGE_SELF, &r);
    return {microseconds(r.ru_utime) + microseconds(r.ru_stime), static_cast<std::uint64_t>(r.ru_nvcsw + r.ru_nivcsw)};
}

// Not ru_maxrss: that one survives exec, so a small program started by a large one inherits its peak.
std::uint64_t peak_rss_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string key; status >> key;) {
        if (key == "VmHWM:") {
            std::uint64_t kib = 0;
            status >> kib;
            return kib;
        }
        status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return 0;
}

} // namespace coda::bench
