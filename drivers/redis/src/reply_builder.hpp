// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/redis/reply.hpp>

namespace coda::redis::detail {

// One reply as it is being read, value after value, depth first. Its memory is kept for the next.
class reply_builder {
public:
    void begin() noexcept;
    void add_nil() { nodes_.push_back({reply_kind::nil, 1, 0, 0}); }
    void add_integer(std::int64_t value) { nodes_.push_back({reply_kind::integer, 1, value, 0}); }
    void add_text(reply_kind kind, std::string_view text) {
        nodes_.push_back({kind, 1, static_cast<std::int64_t>(texts_.size()), text.size()});
        texts_.append(text);
    }
    // Its elements follow.
    void add_array(std::size_t elements) {
        nodes_.push_back({reply_kind::array, 1, static_cast<std::int64_t>(elements), 0});
    }

    // All of it was added. Valid until the next `begin`.
    reply_view finish() noexcept;

private:
    std::size_t measure(std::size_t at) noexcept;

    std::vector<reply_node> nodes_;
    std::string texts_;
};

} // namespace coda::redis::detail
