// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <array>
#include <string>
#include <string_view>

namespace coda::pg::detail {

// What a client has found out about the texts of its statements. Most are asked again and again, and are literals,
// which stay where they are: to look one up takes a comparison with the last that was found there.
class checked_texts {
public:
    // As check_shareable.
    result<> check(std::string_view sql);

    // Whether it is a query that may have others beside it in one transaction.
    bool is_groupable(std::string_view sql);

private:
    static constexpr std::size_t longest = 1'024; // that is kept
    struct entry {
        std::string text; // empty: none
        bool is_groupable = false;
    };

    entry& place_of(std::string_view sql) noexcept;
    void keep(std::string_view sql) noexcept;

    std::array<entry, 64> entries_;
};

} // namespace coda::pg::detail
