// SPDX-License-Identifier: BSL-1.0
// Texts in encodings other than UTF-8: the driver converts nothing, the server what client_encoding says.
#include "on_postgres.hpp"

namespace postgres_encoding_test {

namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::gives;
using testing::HasSubstr;

// Every byte but the one that no text has.
std::string all_bytes() {
    std::string all;
    for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
    return all;
}

// A database whose texts are bytes that the server makes nothing of.
class a_database_without_encoding : public coda::test::on_postgres {
protected:
    void SetUp() override {
        on_postgres::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        database_ = server().fresh_name();
        server().ask("create database " + database_ + " template template0 encoding 'SQL_ASCII' locale 'C'");
    }
    void TearDown() override {
        on_postgres::TearDown();
        if (!database_.empty()) server().ask("drop database " + database_);
    }
    std::unique_ptr<pg::connection> connected_there(std::string_view more = {}) {
        auto db = std::make_unique<pg::connection>(
            loop(), fmt::format("postgresql://coda@127.0.0.1:{}/{}?application_name={}{}", server().where().port,
                                database_, server().mark(), more));
        auto const connect = [&]() -> task<> { co_await db->connect(); };
        run(connect());
        return db;
    }

private:
    std::string database_;
};
CODA_ON_EVERY_LOOP(a_database_without_encoding);

TEST_P(a_database_without_encoding, takes_and_gives_every_byte_as_it_is) {
    auto db = connected_there();
    auto const all = all_bytes();
    auto const body = [&]() -> task<> {
        co_await gives(db->query_one<std::string>("select current_setting('client_encoding')"), "SQL_ASCII");
        auto const back = co_await db->query("select $1::text, length($1), convert_to($1, 'SQL_ASCII')", all);
        EXPECT_TRUE(back[0][0].as<std::string>() == all);
        EXPECT_TRUE(back[0][0].as<std::string_view>() == all);
        EXPECT_EQ(back[0][1].as<std::int32_t>(), 255);
        EXPECT_TRUE(std::ranges::equal(back[0][2].as<pg::bytes>(), std::as_bytes(std::span(all))));
        std::vector<std::string> const several{"caf\xe9", all};
        co_await gives(db->query_one<std::vector<std::string>>("select $1::text[]", several), several);
        co_await gives(db->query_one<std::string>("select 'caf\xe9' as \"\xe9\""), "caf\xe9",
                       "in the statement itself");
        auto const named = co_await db->query("select 1 as \"\xe9\"");
        EXPECT_EQ(named[0]["\xe9"].as<std::int32_t>(), 1);
        auto const failed = co_await as_result(db->query("select $1::text::int4", "\xe9"));
        EXPECT_EQ(failed.error().code(), pg::make_sqlstate("22P02"));
        EXPECT_THAT(failed.error().message(), HasSubstr("\"\xe9\""));
    };
    run(body());
}

// Neither what is sent nor what is read; the connection is as good as before.
TEST_P(a_database_without_encoding, refuses_what_is_not_in_the_encoding_that_the_client_asks_for) {
    auto db = connected_there("&client_encoding=UTF8");
    auto const not_utf8 = pg::make_sqlstate("22021");
    auto const body = [&]() -> task<> {
        co_await gives(db->query_one<std::string>("select $1::text", "caf\xc3\xa9"), "caf\xc3\xa9");
        auto const sent = co_await as_result(db->query("select $1::text", "caf\xe9"));
        EXPECT_EQ(sent.error().code(), not_utf8);
        EXPECT_EQ(sent.error().outcome(), outcome::completed);
        auto const read = co_await as_result(db->query_one<std::string>("select chr(233)"));
        EXPECT_EQ(read.error().code(), not_utf8);
        EXPECT_EQ(read.error().outcome(), outcome::completed);
        auto rows = db->stream<std::string>("select chr(n) from generate_series(126, 128) n");
        co_await gives(rows.next(), std::optional<std::string>("~"));
        co_await gives(rows.next(), std::optional<std::string>("\x7f"));
        auto const third = co_await as_result(rows.next());
        EXPECT_EQ(third.error().code(), not_utf8);
        co_await gives(db->query_one<std::string>("select encode(convert_to(chr(233), 'SQL_ASCII'), 'hex')"), "e9");
    };
    run(body());
}

using a_database_of_unicode = coda::test::on_postgres;
CODA_ON_EVERY_LOOP(a_database_of_unicode);

TEST_P(a_database_of_unicode, talks_to_each_client_in_its_own_encoding) {
    pg::client db(loop(), server().uri("&client_encoding=LATIN1"));
    auto const body = [&]() -> task<> {
        co_await gives(db.query_one<std::int32_t>("select ascii($1)", "\xe9"), 233);
        co_await gives(db.query_one<std::string>("select chr(233)"), "\xe9");
        co_await gives(db.query_one<std::int32_t>("select ascii('\xe9')"), 233, "in the statement itself");
        auto const euro = co_await as_result(db.query_one<std::string>("select chr(8364)"));
        EXPECT_EQ(euro.error().code(), pg::make_sqlstate("22P05")) << "there is none in LATIN1";
        EXPECT_EQ(euro.error().outcome(), outcome::completed);
        co_await db.close();
    };
    run(body());
}

} // namespace postgres_encoding_test
