// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/sharded.hpp>

namespace coda::detail {

std::vector<loop*> loops_of(loop_group& group) {
    std::vector<loop*> all(group.size());
    for (std::size_t i = 0; i < group.size(); ++i) all[i] = &group[i];
    return all;
}

std::size_t share_of(std::size_t max_size, std::size_t loops, std::size_t at) noexcept {
    return max_size / loops + (at < max_size % loops ? 1 : 0);
}

} // namespace coda::detail
