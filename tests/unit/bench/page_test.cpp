// SPDX-License-Identifier: BSL-1.0
// A page's five reads: what waits for what, under which deadline, and which store answers.
#include "clients/all/place.hpp"
#include "clients/coroutines.hpp"
#include "support/manual_loop.hpp"

#include <gmock/gmock.h>

#include <map>

namespace bench_page_test {

using namespace std::chrono_literals;
using namespace coda::bench;
using coda::test::manual_loop;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

// Answers each query after its time.
struct scripted_session {
    static constexpr coda::duration page_deadline = 10s;

    coda::task<std::int64_t> execute(query q, std::int64_t key) {
        asked.push_back(q);
        keys.push_back(key);
        auto const slow = takes.find(q);
        coda::duration const time = slow != takes.end() ? slow->second : 1s;
        co_await coda::sleep_for(time);
        switch (q) {
        case query::account: co_return customer_of(key);
        case query::order: co_return item_of(latest_order_of(key));
        default: co_return 0;
        }
    }

    std::map<query, coda::duration> takes;
    std::vector<query> asked;
    std::vector<std::int64_t> keys;
};

TEST(page, asks_for_three_at_once_and_for_nothing_before_it_can) {
    manual_loop loop;
    scripted_session session;
    loop.run(perform(session, workload::page, 17));
    ASSERT_EQ(session.asked.size(), 5u);
    EXPECT_EQ(session.asked[0], query::account);
    EXPECT_THAT(std::vector(session.asked.begin() + 1, session.asked.begin() + 4),
                UnorderedElementsAre(query::session, query::settings, query::order));
    EXPECT_EQ(session.asked[4], query::item);
    auto const customer = customer_of(17);
    EXPECT_THAT(session.keys, ElementsAre(17, customer, customer, customer, item_of(latest_order_of(customer))));
    EXPECT_EQ(loop.elapsed(), 3s);
}

// Whichever store it is that does not answer.
TEST(page, has_one_deadline_for_all_of_it) {
    for (auto const slow : {query::account, query::session, query::settings, query::order, query::item}) {
        manual_loop loop;
        scripted_session session;
        session.takes[slow] = 1h;
        auto const load = [&]() -> coda::task<> {
            auto const r = co_await coda::as_result(perform(session, workload::page, 17));
            EXPECT_EQ(r.error().code(), coda::errc::timed_out);
        };
        loop.run(load());
        EXPECT_EQ(loop.elapsed(), scripted_session::page_deadline) << static_cast<int>(slow);
    }
}

TEST(page, of_all_stores_has_each_query_answered_by_its_own) {
    using all::place;
    using all::place_of;
    EXPECT_EQ(place_of(query::account), place::postgres);
    EXPECT_EQ(place_of(query::credit), place::postgres);
    EXPECT_EQ(place_of(query::session), place::redis);
    for (auto const q : {query::settings, query::order, query::item}) EXPECT_EQ(place_of(q), place::mongo);
}

} // namespace bench_page_test
