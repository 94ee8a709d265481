// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"

#include <coda/runtime/resolve.hpp>
#include <coda/runtime/scope.hpp>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <latch>
#include <string>

namespace runtime_resolve_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::outcome;
using ::testing::HasSubstr;

using resolve = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(resolve);

// Addresses as text, or the error.
coda::task<std::vector<std::string>> texts(std::string host, std::string service) {
    auto const found = co_await coda::resolve(std::move(host), std::move(service));
    std::vector<std::string> all;
    for (auto const& e : found) all.push_back(e.to_string());
    co_return all;
}

TEST_P(resolve, takes_addresses_in_digits) {
    EXPECT_EQ(run(texts("127.0.0.1", "5432")), std::vector<std::string>{"127.0.0.1:5432"});
    EXPECT_EQ(run(texts("::1", "65535")), std::vector<std::string>{"[::1]:65535"});
    EXPECT_EQ(run(texts("10.1.2.3", "0")), std::vector<std::string>{"10.1.2.3:0"});
}

TEST_P(resolve, needs_no_thread_for_digits) {
    auto body = [](coda::loop& l) -> coda::task<> {
        coda::thread_pool pool({.threads = 1, .max_queued = 0});
        auto const gate = std::make_shared<std::latch>(1);
        coda::event begun;
        auto occupy = [gate, &l, &begun] {
            l.post([&begun] { begun.set(); });
            gate->wait();
        };
        coda::scope s(co_await coda::this_context());
        s.spawn(coda::offload(pool, std::move(occupy)));
        co_await begun.wait();
        auto const digits = co_await coda::as_result(coda::resolve(pool, "127.0.0.1", "80"));
        EXPECT_TRUE(digits.has_value());
        auto const name = co_await coda::as_result(coda::resolve(pool, "localhost", "80"));
        EXPECT_EQ(name.error().code(), errc::queue_full);
        EXPECT_EQ(name.error().outcome(), outcome::not_sent);
        gate->count_down();
        co_await s.join();
    };
    run(body(loop()));
}

TEST_P(resolve, looks_names_up) {
    auto const found = run(texts("localhost", "6379"));
    EXPECT_THAT(found, ::testing::Contains(::testing::AnyOf("127.0.0.1:6379", "[::1]:6379")));
    EXPECT_THAT(found, ::testing::Each(::testing::AnyOf("127.0.0.1:6379", "[::1]:6379")));
}

TEST_P(resolve, tells_which_name_has_no_address_and_why) {
    auto body = []() -> coda::task<> {
        // Reserved for never existing, and too long a label to be asked of any server.
        std::string const name = std::string(64, 'a') + ".invalid";
        auto const r = co_await coda::as_result(coda::resolve(name, "5432"));
        EXPECT_EQ(r.error().code(), errc::name_not_resolved);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_THAT(r.error().message(), HasSubstr(name));
        EXPECT_GT(r.error().message().size(), name.size() + 20); // and a reason
        auto const s = co_await coda::as_result(coda::resolve("127.0.0.1", "no-such-service"));
        EXPECT_EQ(s.error().code(), errc::name_not_resolved);
        EXPECT_THAT(s.error().message(), HasSubstr("no-such-service"));
    };
    run(body());
}

TEST_P(resolve, refuses_what_getaddrinfo_would_misread) {
    auto refused = [](std::string host, std::string service) -> coda::task<std::string> {
        auto const r = co_await coda::as_result(coda::resolve(std::move(host), std::move(service)));
        if (r.has_value()) co_return "taken";
        EXPECT_EQ(r.error().code(), errc::invalid_argument);
        co_return r.error().message();
    };
    EXPECT_EQ(run(refused("", "5432")), "host name is empty");
    EXPECT_EQ(run(refused("localhost", "")), "port or service name is empty");
    EXPECT_EQ(run(refused(std::string("local\0host", 10), "5432")), "host name contains a NUL byte");
    EXPECT_EQ(run(refused("localhost", std::string("54\0", 3))), "port or service name contains a NUL byte");
    EXPECT_THAT(run(refused("127.0.0.1", "65536")), HasSubstr("port 65536 is out of range"));
    EXPECT_THAT(run(refused("127.0.0.1", "99999999999999999999")), HasSubstr("is out of range"));
}

TEST_P(resolve, waiting_for_a_thread_is_bounded_and_can_be_cancelled) {
    auto body = [](coda::loop& l) -> coda::task<> {
        coda::thread_pool pool({.threads = 1, .max_queued = 4});
        auto const gate = std::make_shared<std::latch>(1);
        coda::event begun;
        auto hangs = [gate, &l, &begun] {
            l.post([&begun] { begun.set(); });
            gate->wait();
        };
        coda::scope s(co_await coda::this_context());
        s.spawn(coda::offload(pool, std::move(hangs)));
        co_await begun.wait();
        auto const late = co_await coda::as_result(coda::resolve(pool, "localhost", "1", {.timeout = 1ms}));
        EXPECT_EQ(late.error().code(), errc::timed_out);
        EXPECT_EQ(late.error().outcome(), outcome::not_sent);
        auto const inherited = co_await coda::as_result(coda::with_timeout(1ms, coda::resolve(pool, "localhost", "1")));
        EXPECT_EQ(inherited.error().code(), errc::timed_out);
        auto waiting = s.spawn(coda::resolve(pool, "localhost", "1"));
        co_await coda::yield();
        auto const what = co_await waiting.cancel();
        EXPECT_EQ(what, outcome::not_sent);
        EXPECT_EQ(pool.queued(), 0U);
        gate->count_down();
        co_await s.join();
    };
    run(body(loop()));
}

TEST(an_ip_endpoint, tells_its_parts) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(5432);
    inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr);
    coda::ip_endpoint const four(reinterpret_cast<sockaddr const*>(&v4), sizeof v4);
    EXPECT_EQ(four.family(), AF_INET);
    EXPECT_EQ(four.port(), 5432);
    EXPECT_EQ(four.host(), "192.0.2.7");
    EXPECT_EQ(four.to_string(), "192.0.2.7:5432");
    EXPECT_EQ(four.size(), sizeof(sockaddr_in));

    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(1);
    inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
    coda::ip_endpoint const six(reinterpret_cast<sockaddr const*>(&v6), sizeof v6);
    EXPECT_EQ(six.port(), 1);
    EXPECT_EQ(six.to_string(), "[2001:db8::1]:1");
}

} // namespace runtime_resolve_test
