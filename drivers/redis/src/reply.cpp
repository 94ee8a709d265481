// SPDX-License-Identifier: BSL-1.0
#include <coda/redis/reply.hpp>

namespace coda::redis {

std::string_view to_string(reply_kind kind) noexcept {
    switch (kind) {
    case reply_kind::nil: return "nil";
    case reply_kind::integer: return "an integer";
    case reply_kind::string: return "a string";
    case reply_kind::status: return "a status";
    case reply_kind::error: return "an error";
    case reply_kind::array: return "an array";
    }
    return "unknown";
}

reply::reply(reply_view from) : nodes_(from.at_, from.at_ + from.at_->span) {
    for (auto& node : nodes_) {
        auto const text = reply_view(&node, from.texts_).text();
        if (text.data() == nullptr) continue;
        node.number = static_cast<std::int64_t>(texts_.size());
        texts_.append(text);
    }
}

} // namespace coda::redis
