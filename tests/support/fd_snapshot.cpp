// SPDX-License-Identifier: BSL-1.0
#include "fd_snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace coda::test {

fd_snapshot fd_snapshot::take() {
    fd_snapshot now;
    for (auto const& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;
        auto const target = std::filesystem::read_symlink(entry.path(), gone);
        if (!gone) now.files_.emplace(std::stoi(entry.path().filename()), target);
    }
    // The directory that was being read is among them, and closed by now.
    std::erase_if(now.files_, [](auto const& file) {
        std::error_code gone;
        auto const path = fmt::format("/proc/self/fd/{}", file.first);
        return std::filesystem::read_symlink(path, gone) != file.second;
    });
    return now;
}

std::vector<std::string> fd_snapshot::opened_since(fd_snapshot const& before) const {
    std::vector<std::string> opened;
    for (auto const& [fd, target] : files_) {
        auto const at = before.files_.find(fd);
        if (at != before.files_.end() && at->second == target) continue;
        opened.push_back(fmt::format("{} -> {}", fd, target));
    }
    return opened;
}

std::size_t fd_snapshot::sockets() const {
    auto const count = std::count_if(files_.begin(), files_.end(),
                                     [](auto const& file) { return file.second.starts_with("socket:"); });
    return static_cast<std::size_t>(count);
}

std::size_t sockets_open() { return fd_snapshot::take().sockets(); }

} // namespace coda::test
