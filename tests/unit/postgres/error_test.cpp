// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/error.hpp>

#include <gtest/gtest.h>

namespace postgres_error_test {

namespace pg = coda::pg;

TEST(sqlstate, makes_the_round_trip) {
    for (auto const* state :
         {"23505", "40P01", "57P01", "XX000", "0A000", "00001", "ZZZZZ", "99999", "P0001", "HV00R"}) {
        auto const code = pg::make_sqlstate(state);
        EXPECT_EQ(pg::sqlstate_of(code), state);
        EXPECT_EQ(code.category().name(), std::string_view("sqlstate"));
        EXPECT_TRUE(code.failed()) << state;
        EXPECT_NE(code.message().find(state), std::string::npos);
    }
}

TEST(sqlstate, different_texts_are_different_codes) {
    EXPECT_NE(pg::make_sqlstate("23505"), pg::make_sqlstate("23503"));
    EXPECT_EQ(pg::make_sqlstate("23505"), pg::sqlstate::unique_violation);
    EXPECT_NE(pg::make_sqlstate("00001"), coda::error_code(pg::errc::connect_failed)) << "another category";
}

TEST(sqlstate, what_is_none_is_an_internal_error) {
    for (auto const* text : {"", "2350", "235055", "23p05", "2350 ", "23-05", "235\xc3\xa4"})
        EXPECT_EQ(pg::sqlstate_of(pg::make_sqlstate(text)), "XX000") << text;
}

TEST(pg_errc, has_words_for_each_code) {
    for (auto const code : {pg::errc::connect_failed, pg::errc::no_rows, pg::errc::several_rows,
                            pg::errc::unexpected_null, pg::errc::no_such_column, pg::errc::copy_refused}) {
        auto const message = coda::error_code(code).message();
        EXPECT_FALSE(message.empty());
        EXPECT_EQ(message.find("unknown"), std::string::npos) << message;
    }
}

TEST(server_error, message_is_without_the_detail_which_may_hold_values) {
    pg::server_error e;
    e.severity = "ERROR";
    e.code = "23505";
    e.primary = "duplicate key value";
    e.detail = "Key (card)=(4711) already exists.";
    EXPECT_EQ(e.message(), "ERROR 23505: duplicate key value");
}

} // namespace postgres_error_test
