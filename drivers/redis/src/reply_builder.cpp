// SPDX-License-Identifier: BSL-1.0
#include "reply_builder.hpp"

namespace coda::redis::detail {

namespace {

constexpr std::size_t most_kept = std::size_t{256} << 10; // bytes, of each kind: a large reply does not stay

} // namespace

void reply_builder::begin() noexcept {
    nodes_.clear();
    texts_.clear();
    if (nodes_.capacity() * sizeof(reply_node) > most_kept)
        nodes_ = std::vector<reply_node>(); // {} would keep the memory
    if (texts_.capacity() > most_kept) texts_ = std::string();
}

reply_view reply_builder::finish() noexcept {
    if (nodes_.front().kind == reply_kind::array) measure(0);
    return {nodes_.data(), texts_.data()};
}

// Sets the spans of the value at `at` and gives where the next one is. hiredis bounds the depth (7).
std::size_t reply_builder::measure(std::size_t at) noexcept {
    std::size_t next = at + 1;
    if (nodes_[at].kind == reply_kind::array)
        for (std::int64_t i = 0; i < nodes_[at].number; ++i) next = measure(next);
    nodes_[at].span = static_cast<std::uint32_t>(next - at);
    return next;
}

} // namespace coda::redis::detail
