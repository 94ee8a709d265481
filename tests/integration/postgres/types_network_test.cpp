// SPDX-License-Identifier: BSL-1.0
#include "types_test.hpp"

namespace postgres_types_network_test {

namespace pg = coda::pg;

using a_network = coda::test::on_postgres_types;
CODA_ON_EVERY_LOOP(a_network);

// Every length of a prefix: as the server shows it, and as it computes with what it was sent.
template <class T>
void expect_all_same(pg::result_set const& there, std::size_t count, std::vector<T>& values,
                     std::vector<std::string>& texts) {
    ASSERT_EQ(there.size(), count);
    for (auto const row : there) {
        auto const value = row[0].as<T>();
        auto const text = row[1].as<std::string>();
        EXPECT_EQ(value.to_string(), text);
        EXPECT_EQ(T::parse(text), value) << text;
        values.push_back(value);
        texts.push_back(text);
    }
}

TEST_P(a_network, is_the_same_with_every_prefix) {
    for (auto const* address : {"255.255.255.255", "0.0.0.0", "10.1.2.3", "128.0.0.1",
                                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::", "2001:db8::ff00:42:8329", "::1",
                                "fe80::", "::ffff:1.2.3.4", "64:ff9b::1.2.3.4", "1:0:0:2::", "::1.2.3.4"}) {
        auto const whole = pg::inet::parse(address).value();
        auto const sql = fmt::format("from (select set_masklen('{}'::inet, i) as a, i from generate_series(0, {}) i) x "
                                     "order by i",
                                     address, whole.prefix);
        std::vector<pg::inet> hosts;
        std::vector<pg::cidr> networks;
        std::vector<std::string> shown, shown_networks;
        // inet_out, unlike the cast to text, leaves out the prefix of a whole address.
        expect_all_same(rows("select a, format('%s', a) " + sql).value(), whole.prefix + 1u, hosts, shown);
        expect_all_same(rows("select network(a), network(a)::text " + sql).value(), whole.prefix + 1u, networks,
                        shown_networks);
        for (std::size_t i = 0; i < hosts.size(); ++i) {
            EXPECT_EQ(hosts[i].prefix, i);
            EXPECT_EQ(hosts[i].octets, whole.octets);
            EXPECT_EQ(hosts[i].v6, whole.v6);
        }
        auto const back = rows("select array(select format('%s', a) from unnest($1::inet[]) a), $1, "
                               "array(select n::text from unnest($2::cidr[]) n), $2",
                               hosts, networks)
                              .value();
        EXPECT_EQ(back[0][0].as<std::vector<std::string>>(), shown);
        EXPECT_EQ(back[0][1].as<std::vector<pg::inet>>(), hosts);
        EXPECT_EQ(back[0][2].as<std::vector<std::string>>(), shown_networks);
        EXPECT_EQ(back[0][3].as<std::vector<pg::cidr>>(), networks);
    }
}

TEST_P(a_network, is_what_the_server_computes_with) {
    auto const a = pg::inet::parse("192.168.7.9/20").value();
    EXPECT_EQ(one<pg::inet>("select netmask($1)", a).to_string(), "255.255.240.0");
    EXPECT_EQ(one<pg::inet>("select hostmask($1)", a).to_string(), "0.0.15.255");
    EXPECT_EQ(one<pg::inet>("select broadcast($1)", a).to_string(), "192.168.15.255/20");
    EXPECT_EQ(one<pg::cidr>("select network($1)", a).to_string(), "192.168.0.0/20");
    EXPECT_EQ(one<pg::inet>("select $1 + 256", a).to_string(), "192.168.8.9/20");
    EXPECT_TRUE(one<bool>("select $1 << $2", a, pg::cidr::parse("192.168.0.0/16").value()));
    EXPECT_EQ(one<std::int32_t>("select family($1)", pg::inet::parse("::1").value()), 6);
    // A network is an address too, but not the other way round.
    EXPECT_EQ(one<std::string>("select $1::inet::text", pg::cidr::parse("10.0.0.0/8").value()), "10.0.0.0/8");
    EXPECT_TRUE(is_refused<pg::inet>("select '10.0.0.0/8'::cidr"));
    EXPECT_TRUE(is_refused<pg::cidr>("select '10.0.0.1/8'::inet"));
    pg::cidr odd;
    odd.prefix = 8;
    odd.octets[3] = 1;
    auto const refused = ran("select $1", odd);
    EXPECT_EQ(refused.error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(refused.error().outcome(), coda::outcome::not_sent);
}

TEST_P(a_network, card_has_the_same_address) {
    for (auto const* text : {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:23:45:67:89:ab", "80:00:00:00:00:01"})
        same("macaddr", pg::macaddr::parse(text).value(), text);
    for (auto const* text : {"00:00:00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff:ff:ff", "01:23:45:67:89:ab:cd:ef"})
        same("macaddr8", pg::macaddr8::parse(text).value(), text);
    auto const six = pg::macaddr::parse("08:00:2b:01:02:03").value();
    EXPECT_EQ(one<pg::macaddr8>("select $1::macaddr8", six).to_string(), "08:00:2b:ff:fe:01:02:03");
    EXPECT_EQ(one<pg::macaddr>("select trunc($1)", six).to_string(), "08:00:2b:00:00:00");
    EXPECT_TRUE(is_refused<pg::macaddr>("select '08:00:2b:01:02:03'::macaddr8"));
}

TEST_P(a_network, or_string_of_bits_is_the_same_at_every_length) {
    for (std::size_t size = 0; size <= 130; ++size)
        for (auto const& text : {std::string(size, '1'), std::string(size, '0'), std::string(size, '0') + "1"})
            same("varbit", pg::bit_string::parse(text).value(), text);
    for (std::size_t const size : std::initializer_list<std::size_t>{1, 7, 8, 9, 63, 64, 65, 1'000}) {
        auto const text = std::string(size - 1, '0') + "1";
        same(fmt::format("bit({})", size).c_str(), pg::bit_string::parse(text).value(), text);
    }
    std::string many;
    for (int i = 0; i < 100'000; ++i) many += i % 3 == 0 || i % 7 == 0 ? '1' : '0';
    auto const bits = pg::bit_string::parse(many).value();
    EXPECT_TRUE(one<std::string>("select $1::text", bits) == many);
    EXPECT_TRUE(one<pg::bit_string>("select $1::varbit", many) == bits);
    EXPECT_EQ(one<std::int32_t>("select bit_length($1)", bits), 100'000);
    EXPECT_EQ(one<pg::bit_string>("select ~ $1 & $2", pg::bit_string::parse("1010").value(),
                                  pg::bit_string::parse("0110").value())
                  .to_string(),
              "0100");
    EXPECT_EQ(one<pg::bit_string>("select 10::bit(6)").to_string(), "001010");
    EXPECT_EQ(rows("create temporary table narrow (b bit(3))").has_error(), false);
    EXPECT_EQ(rows("insert into narrow values ($1)", pg::bit_string::parse("10").value()).error().code(),
              pg::make_sqlstate("22026"));
    EXPECT_TRUE(is_refused<pg::bit_string>("select '10'::text"));
}

} // namespace postgres_types_network_test
