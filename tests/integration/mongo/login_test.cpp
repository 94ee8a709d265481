// SPDX-License-Identifier: BSL-1.0
// Logins with SCRAM-SHA-256, which no server here has: the peer computes its side itself.
#include "support/loops.hpp"
#include "support/played_mongo.hpp"
#include "support/scram_server.hpp"

#include <coda/mongo.hpp>
#include <coda/runtime.hpp>

#include <gmock/gmock.h>

namespace mongo_login_test {

namespace bson = coda::bson;
namespace mongo = coda::mongo;
using bson::doc;
using coda::as_result;
using coda::task;
using coda::test::mongo_message;
using coda::test::played_mongo;
using coda::test::scram_server;
using testing::HasSubstr;
using testing::Not;

bson::document hello(mongo_message const&) {
    return coda::test::hello_of("ismaster", true, "saslSupportedMechs", bson::array("SCRAM-SHA-256"));
}

class a_login : public coda::test::on_every_loop {
protected:
    // What connecting and a ping end with, at a server whose password is "s3cret".
    coda::result<> outcome_with(std::string const& password, bool impostor = false, std::string const& more = "") {
        scram_server login("s3cret", impostor);
        played_mongo server(&hello, [&](mongo_message const& m) {
            if (m.name().starts_with("sasl")) return login.answer(m);
            return login.logged_in() ? doc("ok", 1.0) : doc("ok", 0.0, "code", 13, "errmsg", "not logged in");
        });
        mongo::connection db(loop(), fmt::format("mongodb://ada:{}@{}/?{}", password, server.name(), more));
        coda::result<> r;
        auto const body = [&]() -> task<> {
            r = co_await as_result(db.connect());
            EXPECT_EQ(db.usable(), r.has_value());
            if (r.has_value()) r = co_await as_result(db.ping());
            co_await db.close();
        };
        run(body());
        EXPECT_EQ(server.asked("saslStart"), 1);
        EXPECT_EQ(login.logged_in(), r.has_value());
        EXPECT_EQ(server.asked("ping"), r.has_value() ? 2 : 0);
        return r;
    }
    static void expect_rejected(coda::result<> const& r) {
        ASSERT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), mongo::errc::authentication_failed) << r.error().message();
        EXPECT_EQ(r.error().kind(), coda::error_class::permanent);
        EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
        EXPECT_THAT(r.error().message(), Not(HasSubstr("s3cret")));
        EXPECT_THAT(r.error().message(), Not(HasSubstr("guess")));
    }
};
CODA_ON_EVERY_LOOP(a_login);

TEST_P(a_login, with_the_right_password_succeeds) {
    auto const negotiated = outcome_with("s3cret");
    EXPECT_TRUE(negotiated.has_value()) << negotiated.error().message();
    auto const chosen = outcome_with("s3cret", false, "authMechanism=SCRAM-SHA-256&authSource=admin");
    EXPECT_TRUE(chosen.has_value()) << chosen.error().message();
}

TEST_P(a_login, with_a_wrong_password_is_an_error_of_its_own) {
    auto const r = outcome_with("guess");
    expect_rejected(r);
    EXPECT_THAT(r.error().message(), HasSubstr("Authentication failed")) << "the server's words";
}

TEST_P(a_login, at_a_server_that_does_not_know_the_password_fails) { expect_rejected(outcome_with("guess", true)); }

// That is no rejection: it may be tried again.
TEST_P(a_login, that_the_server_breaks_off_is_a_lost_connection) {
    played_mongo server(&hello, [](mongo_message const&) { return std::nullopt; });
    mongo::client db(loop(), fmt::format("mongodb://ada:s3cret@{}/", server.name()));
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(db.ping());
        EXPECT_TRUE(r.has_error());
        if (!r.has_error()) co_return;
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
        EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
        EXPECT_THAT(r.error().message(), Not(HasSubstr("s3cret")));
    };
    run(body());
}

} // namespace mongo_login_test
