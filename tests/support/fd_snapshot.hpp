// SPDX-License-Identifier: BSL-1.0
// The open descriptors of this process, to show that a test gave all of them back.
//
//     auto const before = fd_snapshot::take();
//     ...
//     EXPECT_THAT(fd_snapshot::take().opened_since(before), testing::IsEmpty());
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace coda::test {

/// A picture of /proc/self/fd.
class fd_snapshot {
public:
    /// The descriptors that are open now. Throws std::filesystem::filesystem_error.
    [[nodiscard]] static fd_snapshot take();

    /// Those that are open here and were not in `before`, as "7 -> socket:[1234]". A number that
    /// was closed and used again for another file counts as opened.
    [[nodiscard]] std::vector<std::string> opened_since(fd_snapshot const& before) const;
    /// How many of them are sockets.
    [[nodiscard]] std::size_t sockets() const;
    /// How many there are.
    [[nodiscard]] std::size_t size() const noexcept { return files_.size(); }

private:
    std::map<int, std::string> files_;
};

/// How many sockets this process has open now.
[[nodiscard]] std::size_t sockets_open();

} // namespace coda::test
