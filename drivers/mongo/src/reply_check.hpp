// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mongoc/mongoc.h>

#include <array>
#include <cstdint>
#include <span>

namespace coda::mongo::detail {

// Whether what a server sends are replies of the kind that was asked for, as they are framed (MongoDB manual, "Wire
// Protocol"). libmongoc 1.23 goes on reading where it finds that they are not, and crashes. Documents are looked at no
// further than their lengths.
class reply_check {
public:
    // A request, before it is sent. Its answers have its form, and its number.
    void asked(std::span<mongoc_iovec_t const> request) noexcept;
    // The next bytes from the server; false where they cannot be of a reply. To be called before libmongoc has them.
    bool came(std::span<char const> bytes) noexcept;

private:
    bool head_is_sound() const noexcept;
    std::uint32_t number_at(std::size_t place) const noexcept;

    std::array<char, 40> head_{}; // up to the document's length in the longest form
    std::uint32_t length_ = 0;    // of the message that is coming; known once 4 bytes are here
    std::uint32_t seen_ = 0;
    std::uint32_t request_ = 0; // its number
    bool asked_by_query_ = false;
};

} // namespace coda::mongo::detail
