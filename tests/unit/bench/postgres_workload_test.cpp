// SPDX-License-Identifier: BSL-1.0
#include "workloads/keys.hpp"
#include "workloads/postgres/queries.hpp"
#include "workloads/postgres/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bench_postgres_workload_test {

using namespace coda::bench;
using namespace coda::bench::postgres;
using testing::HasSubstr;
using testing::Not;

TEST(through_proxy, replaces_only_the_address) {
    auto const s = through_proxy("postgresql://bob:it%27s%5Csecret@db.example:6432/bank", 4711);
    EXPECT_THAT(s, HasSubstr("host=127.0.0.1 port=4711"));
    EXPECT_THAT(s, HasSubstr("user='bob'"));
    EXPECT_THAT(s, HasSubstr("dbname='bank'"));
    EXPECT_THAT(s, HasSubstr(R"(password='it\'s\\secret')"));
    EXPECT_THAT(s, Not(HasSubstr("6432")));
    EXPECT_THAT(s, Not(HasSubstr("db.example")));
    EXPECT_EQ(through_proxy(s, 4711), s) << "what libpq reads back is what was written";
}

TEST(server_address, knows_names_numbers_and_sockets) {
    EXPECT_EQ(server_address("postgresql://localhost:1234/x"), "localhost:1234");
    EXPECT_EQ(server_address("host=h hostaddr=127.0.0.1 port=5"), "127.0.0.1:5");
    EXPECT_EQ(server_address("host=/tmp/a port=5"), "/tmp/a/.s.PGSQL.5");
    EXPECT_EQ(server_address("dbname=x"), "/var/run/postgresql/.s.PGSQL.5432");
}

TEST(connection_string, a_malformed_one_is_refused_without_its_password) {
    for (auto const* bad : {"postgresql://u:hunter2@[bad/x", "password=hunter2 nonsense"}) {
        try {
            (void)server_address(bad);
            FAIL() << bad;
        } catch (std::runtime_error const& e) {
            EXPECT_THAT(e.what(), Not(HasSubstr("hunter2")));
        }
    }
}

TEST(parameters, are_big_endian_and_as_many_as_the_statement_takes) {
    parameters const p(query::credit, 0x0102030405060708);
    EXPECT_EQ(p.count(), 2);
    EXPECT_EQ(std::string_view(p.values()[0], 8), "\x01\x02\x03\x04\x05\x06\x07\x08");
    EXPECT_EQ(parameters(query::account, 1).count(), 1);
}

TEST(key_sequence, is_the_same_for_the_same_seed_and_stream_only) {
    key_sequence a(1, 2);
    key_sequence b(1, 2);
    key_sequence other_stream(1, 3);
    key_sequence other_seed(2, 2);
    int same_stream = 0;
    int same_seed = 0;
    for (int i = 0; i < 1000; ++i) {
        auto const key = a.next(account_count);
        EXPECT_EQ(key, b.next(account_count));
        same_stream += key == other_stream.next(account_count);
        same_seed += key == other_seed.next(account_count);
    }
    EXPECT_LT(same_stream, 10);
    EXPECT_LT(same_seed, 10);
}

TEST(key_sequence, covers_the_whole_range_evenly) {
    key_sequence keys(7, 0);
    std::array<int, 10> found{};
    for (int i = 0; i < 100'000; ++i) ++found.at(static_cast<std::size_t>(keys.next(10) - 1));
    for (int n : found) EXPECT_NEAR(n, 10'000, 500);
}

} // namespace bench_postgres_workload_test
