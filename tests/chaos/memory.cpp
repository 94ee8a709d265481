// SPDX-License-Identifier: BSL-1.0
#include "memory.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CODA_ASAN
#endif
#endif

#ifdef CODA_ASAN
#include <sanitizer/allocator_interface.h>
#else
#include <malloc.h>
#endif

namespace coda::chaos {

std::size_t allocated_bytes() noexcept {
#ifdef CODA_ASAN
    return __sanitizer_get_current_allocated_bytes();
#else
    auto const info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

namespace {

// Of a line "7f00-7f01 rw-p 00000000 00:00 0": nameless, since no file is mapped.
struct mapping {
    explicit mapping(std::string const& line) {
        char* rest = nullptr;
        begin = std::strtoul(line.c_str(), &rest, 16);
        end = std::strtoul(rest + 1, &rest, 16);
        anonymous = std::string_view(rest).substr(5).starts_with(" 00000000 00:00 0");
        forbidden = anonymous && std::string_view(rest).starts_with(" ---p");
        writable = anonymous && std::string_view(rest).starts_with(" rw-p");
    }
    std::size_t size() const noexcept { return end - begin; }
    unsigned long begin = 0;
    unsigned long end = 0;
    bool anonymous = false;
    bool forbidden = false;
    bool writable = false;
};

} // namespace

std::size_t fiber_stacks() {
    auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    constexpr std::size_t less_than_threads = 4 << 20;
    std::ifstream maps("/proc/self/maps");
    std::size_t found = 0;
    unsigned long end_of_guard = 0; // where the line before is one
    for (std::string line; std::getline(maps, line);) {
        mapping const here(line);
        if (here.writable && here.begin == end_of_guard && here.size() < less_than_threads) ++found;
        end_of_guard = here.forbidden && here.size() == page ? here.end : 0;
    }
    return found;
}

} // namespace coda::chaos
