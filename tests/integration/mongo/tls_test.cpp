// SPDX-License-Identifier: BSL-1.0
// What differs where TLS lies between libmongoc and the socket. The server's TLS is one of this test's, so that it has
// the certificates that are wanted, and a network behind it that fails.
#include "on_mongo.hpp"
#include "support/blocking_calls.hpp"
#include "support/certificates.hpp"
#include "support/tls_relay.hpp"
#include "support/unreachable_endpoint.hpp"

namespace mongo_tls_test {

using namespace std::chrono_literals;
namespace mongo = coda::mongo;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::bson::doc;
using coda::test::certificate_authority;
using coda::test::gives;
using coda::test::tls_relay;
using coda::test::until;

class mongo_over_tls : public coda::test::on_mongo {
protected:
    static certificate_authority const& authority() {
        static auto const made = [] {
            auto a = std::make_unique<certificate_authority>();
            a->sign("server", "localhost", "DNS:localhost,IP:127.0.0.1");
            return a;
        }();
        return *made;
    }
    static std::string uri_of(tls_relay const& relay, char const* more = "") {
        return fmt::format("mongodb://127.0.0.1:{}/?tls=true&tlsCAFile={}{}", relay.port(),
                           authority().path("authority.pem"), more);
    }
    // Behind it is the proxy, and the server.
    tls_relay relay() { return {authority().path("server.pem"), authority().path("server.key"), proxy().where()}; }
};
CODA_ON_EVERY_LOOP(mongo_over_tls);

TEST_P(mongo_over_tls, in_flight_a_cancelled_operation_resumes_at_once_and_costs_the_connection) {
    auto const tls = relay();
    mongo::connection db(loop(), uri_of(tls));
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        hold_replies();
        auto const before = bytes_sent();
        auto asking = s.spawn(db.ping());
        co_await until_sent(before);
        co_await gives(asking.cancel(), outcome::unknown);
        EXPECT_FALSE(db.usable());
        proxy().heal();
        co_await db.connect();
        co_await db.ping();
    };
    run(coda::with_scope(body));
}

TEST_P(mongo_over_tls, a_reply_that_does_not_come_is_late) {
    auto const tls = relay();
    mongo::connection db(loop(), uri_of(tls));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        hold_replies();
        auto const late = co_await as_result(coda::with_timeout(30ms, db.ping()));
        expect_error(late, coda::errc::timed_out, outcome::unknown);
    };
    run(body());
}

TEST_P(mongo_over_tls, a_reply_that_is_cut_off_is_lost) {
    auto const tls = relay();
    mongo::connection db(loop(), uri_of(tls));
    auto const body = [&]() -> task<> {
        for (std::uint64_t const n : {0u, 1u, 20u}) {
            co_await db.connect();
            proxy().apply({.to_client = {.cut_after = n}});
            auto const lost = co_await as_result(db.ping());
            expect_error(lost, coda::errc::connection_lost, outcome::unknown);
            proxy().heal();
        }
    };
    run(body());
}

// Its farewell is a message of TLS.
TEST_P(mongo_over_tls, a_connection_that_is_closed_while_idle_was_lost) {
    auto const tls = relay();
    mongo::connection db(loop(), uri_of(tls));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        proxy().cut_now(coda::test::cut::close);
        co_await until([&] { return !db.usable(); }, "an idle connection that ends is noticed");
        auto const refused = co_await as_result(db.ping());
        expect_error(refused, coda::errc::connection_lost, outcome::not_sent);
    };
    run(body());
}

// libmongoc would ask it with calls that block, 5 s for each of its steps.
TEST_P(mongo_over_tls, a_certificates_responder_is_not_asked) {
    coda::test::unreachable_endpoint const responder;
    authority().sign("with_responder", "localhost", "DNS:localhost,IP:127.0.0.1", 30,
                     fmt::format("OCSP;URI:http://127.0.0.1:{}", responder.where().port));
    tls_relay const tls(authority().path("with_responder.pem"), authority().path("with_responder.key"),
                        proxy().where());
    for (auto const* more : {"", "&tlsDisableOCSPEndpointCheck=false", "&tlsDisableCertificateRevocationCheck=true"}) {
        mongo::connection db(loop(), uri_of(tls, more));
        coda::test::blocking_calls calls;
        auto const body = [&]() -> task<> {
            co_await db.connect();
            co_await db.ping();
        };
        run(body());
        EXPECT_EQ(calls.names(), "") << more;
    }
}

} // namespace mongo_tls_test
