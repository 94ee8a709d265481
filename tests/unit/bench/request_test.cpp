// SPDX-License-Identifier: BSL-1.0
#include "clients/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bench_request_test {

using namespace coda::bench;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

request made(char const* work) {
    plan p;
    p.what.workload = work;
    return request(p, 0);
}

auto is(query what, std::int64_t key) { return AllOf(Field(&asked::what, what), Field(&asked::key, key)); }

TEST(request, a_read_and_a_write_are_one_query) {
    for (auto const* work : {"read", "write"}) {
        auto r = made(work);
        auto const first = r.begin({});
        ASSERT_EQ(first.size(), 1u);
        EXPECT_EQ(first[0].what, std::string_view(work) == "read" ? query::account : query::credit);
        EXPECT_FALSE(r.finished());
        EXPECT_THAT(r.answered(first[0].what, 5), IsEmpty());
        EXPECT_TRUE(r.finished());
    }
}

TEST(request, a_page_asks_at_once_for_what_does_not_depend_on_each_other) {
    auto r = made("page");
    (void)r.begin({});
    EXPECT_THAT(r.answered(query::account, 7),
                ElementsAre(is(query::session, 7), is(query::settings, 7), is(query::order, 7)));
    EXPECT_THAT(r.answered(query::order, 9), IsEmpty());
    EXPECT_THAT(r.answered(query::session, 0), IsEmpty());
    EXPECT_THAT(r.answered(query::settings, 0), ElementsAre(is(query::item, 9)));
    EXPECT_FALSE(r.finished());
    EXPECT_THAT(r.answered(query::item, 0), IsEmpty());
    EXPECT_TRUE(r.finished());
    EXPECT_FALSE(r.faulty());
}

TEST(request, after_a_fault_a_page_ends_with_what_is_under_way) {
    auto r = made("page");
    (void)r.begin({});
    (void)r.answered(query::account, 7);
    r.failed();
    EXPECT_THAT(r.answered(query::session, 0), IsEmpty());
    EXPECT_FALSE(r.finished());
    EXPECT_THAT(r.answered(query::order, 9), IsEmpty());
    EXPECT_TRUE(r.finished());
    EXPECT_TRUE(r.faulty());
    (void)r.begin({});
    EXPECT_FALSE(r.faulty()) << "the next one begins anew";
}

TEST(data, keys_lead_to_keys_that_exist_and_the_latest_order_is_the_customers) {
    for (std::int64_t account = 1; account <= account_count; ++account) {
        ASSERT_GE(customer_of(account), 1);
        ASSERT_LE(customer_of(account), customer_count);
    }
    for (std::int64_t customer = 1; customer <= customer_count; ++customer) {
        auto const order = latest_order_of(customer);
        ASSERT_EQ(1 + order % customer_count, customer);
        ASSERT_LE(order, order_count);
        ASSERT_GT(order + customer_count, order_count) << "there is a later one";
        ASSERT_GE(item_of(order), 1);
        ASSERT_LE(item_of(order), item_count);
    }
}

} // namespace bench_request_test
