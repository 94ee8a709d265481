// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include <gtest/gtest.h>

namespace postgres_net_test {

namespace pg = coda::pg;
using coda::test::decoded;
using coda::test::encoded;
using coda::test::raw;
using coda::test::refuses_other_lengths;
using coda::test::round_trip;
using coda::test::try_encoded;

template <class T>
std::string shown(std::string_view text) {
    auto const a = T::parse(text);
    return a ? a->to_string() : "none";
}

TEST(inet, shows_what_was_written) {
    for (auto const* text : {"0.0.0.0", "192.168.0.1", "192.168.0.1/24", "255.255.255.255/0", "::", "::1",
                             "2001:db8::1/64", "::ffff:1.2.3.4", "fe80::1:2:3:4/0"})
        EXPECT_EQ(shown<pg::inet>(text), text);
    EXPECT_EQ(shown<pg::inet>("10.0.0.1/32"), "10.0.0.1");
    EXPECT_EQ(shown<pg::inet>("::1/128"), "::1");
    EXPECT_EQ(shown<pg::cidr>("10.0.0.0/8"), "10.0.0.0/8");
    EXPECT_EQ(shown<pg::cidr>("10.1.2.3"), "10.1.2.3/32");
    EXPECT_EQ(shown<pg::cidr>("2001:db8::/32"), "2001:db8::/32");
}

TEST(inet, is_nothing_else) {
    for (auto const* text : {"", "1", "1.2.3", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/8 ", "256.0.0.0",
                             "::1/129", ":::", "localhost", "/8"})
        EXPECT_EQ(shown<pg::inet>(text), "none") << text;
    EXPECT_EQ(shown<pg::inet>(std::string_view("1.2.3.4\0", 8)), "none");
    EXPECT_EQ(shown<pg::cidr>("10.0.0.1/8"), "none") << "has bits behind the prefix";
}

TEST(codec_of_inet, keeps_address_and_prefix) {
    for (auto const* text : {"0.0.0.0/0", "192.168.0.1/24", "::1", "2001:db8::1/64"}) {
        auto const a = pg::inet::parse(text).value();
        EXPECT_EQ(round_trip(a), a);
        EXPECT_TRUE(refuses_other_lengths(a));
    }
    auto const network = pg::cidr::parse("10.0.0.0/8").value();
    EXPECT_EQ(encoded(network), raw({2, 8, 1, 4, 10, 0, 0, 0}));
    EXPECT_EQ(round_trip(network), network);
    EXPECT_EQ(decoded<pg::inet>(encoded(network), pg::type::cidr), std::nullopt);
}

TEST(codec_of_inet, refuses_what_is_no_address) {
    EXPECT_FALSE(decoded<pg::inet>(raw({4, 8, 0, 4, 1, 2, 3, 4}))) << "family";
    EXPECT_FALSE(decoded<pg::inet>(raw({2, 33, 0, 4, 1, 2, 3, 4}))) << "prefix";
    EXPECT_FALSE(decoded<pg::inet>(raw({2, 8, 0, 3, 1, 2, 3}))) << "length";
    EXPECT_FALSE(decoded<pg::inet>(raw({3, 8, 0, 4, 1, 2, 3, 4}))) << "length";
    EXPECT_FALSE(decoded<pg::cidr>(raw({2, 8, 1, 4, 1, 2, 3, 4}))) << "bits behind the prefix";
    EXPECT_FALSE(try_encoded(pg::inet{false, 33, {}}));
    EXPECT_FALSE(try_encoded(pg::inet{false, 32, {1, 2, 3, 4, 5}})) << "more octets than the family has";
    EXPECT_FALSE(try_encoded(pg::cidr{false, 8, {1, 2}}));
}

TEST(macaddr, is_octets_with_colons) {
    EXPECT_EQ(shown<pg::macaddr>("08:00:2b:01:02:ff"), "08:00:2b:01:02:ff");
    EXPECT_EQ(shown<pg::macaddr8>("08:00:2B:01:02:03:04:05"), "08:00:2b:01:02:03:04:05");
    for (auto const* text :
         {"", "08:00:2b:01:02", "08:00:2b:01:02:0g", "08-00-2b-01-02-03", "08:00:2b:01:02:03:04", "+8:00:2b:01:02:03"})
        EXPECT_EQ(shown<pg::macaddr>(text), "none") << text;
    auto const a = pg::macaddr::parse("08:00:2b:01:02:03").value();
    EXPECT_EQ(round_trip(a), a);
    EXPECT_EQ(encoded(a), raw({8, 0, 0x2b, 1, 2, 3}));
}

TEST(bit_string, is_from_left_to_right) {
    for (auto const* text : {"", "0", "1", "10110", "11111111", "000000001", "1010101010101010"}) {
        auto const b = pg::bit_string::parse(text).value();
        EXPECT_EQ(b.to_string(), text);
        EXPECT_EQ(round_trip(b), b);
        EXPECT_EQ(round_trip(b, pg::type::bit), b);
        EXPECT_TRUE(refuses_other_lengths(b));
    }
    EXPECT_EQ(encoded(pg::bit_string::parse("1000000001").value()), raw({0, 0, 0, 10, 0x80, 0x40}));
    EXPECT_EQ(pg::bit_string::parse("12"), std::nullopt);
    EXPECT_FALSE(decoded<pg::bit_string>(raw({0xff, 0xff, 0xff, 0xff}))) << "a length below zero";
    EXPECT_FALSE(decoded<pg::bit_string>(raw({0x7f, 0xff, 0xff, 0xff, 1}))) << "more bits than are there";
}

} // namespace postgres_net_test
