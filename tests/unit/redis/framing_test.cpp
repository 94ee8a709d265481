// SPDX-License-Identifier: BSL-1.0
#include "framing.hpp"

#include <gtest/gtest.h>

namespace redis_framing_test {

using namespace std::string_literals;
using coda::redis::detail::arguments_for;
using coda::redis::detail::frame;
using coda::redis::detail::framed_size;

std::string framed(std::vector<std::string> const& words) {
    arguments_for<std::vector<std::string> const&> values(std::in_place, words);
    auto const command = values.encode().value();
    std::string to = "what was there before";
    frame(command, to);
    EXPECT_EQ(to.size(), framed_size(command));
    return to;
}

TEST(framing, is_an_array_of_bulk_strings) {
    EXPECT_EQ(framed({"GET", "key"}), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
    EXPECT_EQ(framed({"PING"}), "*1\r\n$4\r\nPING\r\n");
}

TEST(framing, is_binary_safe) {
    EXPECT_EQ(framed({"SET", "a\r\nb", ""}), "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n");
    EXPECT_EQ(framed({"\0"s}), "*1\r\n$1\r\n\0\r\n"s);
}

TEST(framing, counts_in_as_many_digits_as_it_takes) {
    for (std::size_t const n : {9u, 10u, 99u, 100u, 12345u}) {
        auto const length = std::to_string(n);
        EXPECT_EQ(framed({std::string(n, 'x')}), "*1\r\n$" + length + "\r\n" + std::string(n, 'x') + "\r\n");
        auto const many = framed(std::vector<std::string>(n));
        EXPECT_EQ(many.substr(0, many.find('\n') + 1), "*" + length + "\r\n");
        EXPECT_EQ(many.size(), length.size() + 3 + n * 6);
    }
}

} // namespace redis_framing_test
