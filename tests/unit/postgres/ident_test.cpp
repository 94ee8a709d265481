// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/ident.hpp>
#include <coda/runtime/error.hpp>

#include <gtest/gtest.h>

namespace postgres_ident_test {

using coda::pg::ident;
using namespace std::string_view_literals;

TEST(ident, quotes_whatever_is_in_a_name) {
    EXPECT_EQ(ident("a"), "\"a\"");
    EXPECT_EQ(ident("Order Items"), "\"Order Items\"");
    EXPECT_EQ(ident("\""), "\"\"\"\"");
    EXPECT_EQ(ident("a\"; drop table b; --"), "\"a\"\"; drop table b; --\"");
    EXPECT_EQ(ident("a.b"), "\"a.b\"") << "one name";
}

TEST(ident, joins_a_name_with_what_it_is_in) {
    EXPECT_EQ(ident("s", "t"), "\"s\".\"t\"");
    EXPECT_EQ(ident("d"sv, std::string("s\""), "t"), "\"d\".\"s\"\"\".\"t\"");
}

TEST(ident, refuses_what_is_no_name) {
    for (auto const name : {""sv, "\0"sv, "a\0"sv, "a\0b"sv}) {
        try {
            static_cast<void>(ident(name));
            ADD_FAILURE() << "taken: " << name;
        } catch (coda::exception const& e) {
            EXPECT_EQ(e.code(), coda::errc::invalid_argument);
            EXPECT_NE(std::string(e.what()).find("identifier"), std::string::npos) << e.what();
        }
    }
    EXPECT_THROW(static_cast<void>(ident("s", "")), coda::exception);
}

} // namespace postgres_ident_test
