// SPDX-License-Identifier: BSL-1.0
#include "reply_check.hpp"

#include <algorithm>
#include <cstring>

namespace coda::mongo::detail {

namespace {

constexpr std::uint32_t most_bytes = 48'000'000; // what servers name as maxMessageSizeBytes; libmongoc would make room
constexpr std::uint32_t header_size = 16;
constexpr std::size_t request_place = 4;
constexpr std::size_t response_place = 8;
constexpr std::size_t opcode_place = 12;
constexpr std::uint32_t op_reply = 1;
constexpr std::uint32_t op_query = 2004;
constexpr std::uint32_t op_msg = 2013;
constexpr std::uint32_t smallest_document = 5;
// Where the document begins: behind flags, cursor, offset and count; behind flags and the kind of the section.
constexpr std::uint32_t document_of_reply = 36;
constexpr std::uint32_t document_of_msg = 21;

std::uint32_t number(char const* bytes) noexcept {
    std::uint32_t n = 0;
    std::memcpy(&n, bytes, sizeof n);
    return BSON_UINT32_FROM_LE(n);
}

} // namespace

void reply_check::asked(std::span<mongoc_iovec_t const> request) noexcept {
    std::array<char, header_size> header{};
    std::size_t have = 0;
    for (auto const& part : request) {
        auto const n = std::min<std::size_t>(part.iov_len, header.size() - have);
        if (n > 0) std::memcpy(header.data() + have, part.iov_base, n);
        have += n;
    }
    request_ = number(header.data() + request_place);
    asked_by_query_ = number(header.data() + opcode_place) == op_query;
}

bool reply_check::came(std::span<char const> bytes) noexcept {
    while (!bytes.empty()) {
        auto const until = seen_ < 4 ? 4 : length_;
        auto const n = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), until - seen_));
        if (seen_ < head_.size())
            std::memcpy(head_.data() + seen_, bytes.data(), std::min<std::size_t>(n, head_.size() - seen_));
        auto const before = seen_;
        seen_ += n;
        if (seen_ < 4) return true;
        length_ = number(head_.data());
        if (length_ < header_size || length_ > most_bytes) return false;
        auto const head = std::min(length_, static_cast<std::uint32_t>(head_.size()));
        if (before < head && seen_ >= head && !head_is_sound()) return false;
        char const last = bytes[n - 1];
        bytes = bytes.subspan(n);
        if (seen_ < length_) continue;
        seen_ = 0;
        if (last != 0) return false; // every document ends so
    }
    return true;
}

// No checksum was asked for, no compression and no more than one answer, so no flag is set that must be understood.
bool reply_check::head_is_sound() const noexcept {
    auto const expected = asked_by_query_ ? op_reply : op_msg;
    auto const document = asked_by_query_ ? document_of_reply : document_of_msg;
    if (number_at(response_place) != request_) return false; // another one's
    if (number_at(opcode_place) != expected || length_ < document + smallest_document) return false;
    bool const one_document =
        asked_by_query_ ? number_at(document - 4) == 1 : (number_at(16) & 0xffff) == 0 && head_[document - 1] == 0;
    return one_document && number_at(document) == length_ - document;
}

std::uint32_t reply_check::number_at(std::size_t place) const noexcept { return number(head_.data() + place); }

} // namespace coda::mongo::detail
