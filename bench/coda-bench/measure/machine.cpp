// SPDX-License-Identifier: BSL-1.0
#include "measure/machine.hpp"

#include <boost/version.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>
#include <thread>

namespace coda::bench {
namespace {

// The value of the first line "key <separator> value" of a file such as /proc/cpuinfo; empty if none.
std::string value_in(char const* path, std::string_view key, char separator) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key)) continue;
        auto const at = line.find(separator);
        if (at == std::string::npos) continue;
        auto const from = line.find_first_not_of(" \t\"", at + 1);
        auto const to = line.find_last_not_of(" \t\"");
        if (from != std::string::npos && to >= from) return line.substr(from, to - from + 1);
    }
    return {};
}

std::string compiler_name() {
#if defined(__clang__)
    return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

constexpr char const* build_kind() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return "with sanitizers: the figures mean nothing";
#elif defined(__OPTIMIZE__)
    return "optimised";
#else
    return "not optimised: the figures mean nothing";
#endif
}

} // namespace

machine machine::here() {
    machine m;
    m.processor = value_in("/proc/cpuinfo", "model name", ':');
    m.processors = std::thread::hardware_concurrency();
    std::istringstream(value_in("/proc/meminfo", "MemTotal", ':')) >> m.memory_mib;
    m.memory_mib /= 1024;
    m.virtual_machine = value_in("/proc/cpuinfo", "flags", ':').find("hypervisor") != std::string::npos;
    m.system = value_in("/etc/os-release", "PRETTY_NAME", '=');
    utsname u{};
    if (::uname(&u) == 0) m.kernel = fmt::format("{} {}", u.sysname, u.release);
    m.compiler = compiler_name();
    m.build = build_kind();
    m.boost = fmt::format("{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
    m.measured_at = fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)));
    return m;
}

processor_times processor_times::now() {
    processor_times t;
    std::ifstream stat("/proc/stat");
    for (std::string key; stat >> key;) {
        if (key == "cpu") {
            // user nice system idle iowait irq softirq steal; the guest times after them are in user
            for (int column = 0; column < 8; ++column) {
                std::uint64_t ticks = 0;
                stat >> ticks;
                t.total += ticks;
                if (column == 7) t.stolen = ticks;
            }
        } else if (key == "procs_running") {
            stat >> t.runnable;
        }
        stat.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return t;
}

double steal_between(processor_times const& before, processor_times const& after) {
    auto const total = after.total - before.total;
    return total == 0 ? 0 : static_cast<double>(after.stolen - before.stolen) / static_cast<double>(total);
}

} // namespace coda::bench
