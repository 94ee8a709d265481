// SPDX-License-Identifier: BSL-1.0
#include "window.hpp"

#include <coda/runtime/sleep.hpp>

#include <sys/resource.h>

#include <algorithm>

namespace pg_workloads {

namespace {

double microseconds(timeval const& t) noexcept {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
}

coda::duration length(double seconds) {
    return std::chrono::duration_cast<coda::duration>(std::chrono::duration<double>(seconds));
}

} // namespace

coda::task<> time(window& w, double seconds) {
    co_await coda::sleep_for(length(std::max(seconds / 4, 0.2)));
    w.open();
    co_await coda::sleep_for(length(seconds));
    w.close();
}

figures window::now() const noexcept {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    auto of = total_;
    of.seconds = std::chrono::duration<double>(clock::now().time_since_epoch()).count();
    of.cpu_us = microseconds(used.ru_utime) + microseconds(used.ru_stime);
    return of;
}

} // namespace pg_workloads
