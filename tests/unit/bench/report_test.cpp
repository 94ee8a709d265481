// SPDX-License-Identifier: BSL-1.0
#include "report/findings.hpp"
#include "report/html.hpp"
#include "report/results_json.hpp"
#include "report/row.hpp"
#include "report/terminal.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bench_report_test {

using namespace coda::bench;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

struct round_of {
    double ops;
    double cpu = 10;
    double steal = 0;
    std::uint64_t rss = 10'000;
};

series made(std::string client, std::uint32_t concurrency, std::vector<round_of> const& rounds, double latency = 0,
            std::uint32_t connections = 8) {
    series s{
        {"postgres", "read", client, client == "coda" ? "asio" : "none", connections, concurrency, latency}, {}, {}};
    for (auto const& r : rounds) {
        measurement m;
        m.operations = static_cast<std::uint64_t>(r.ops);
        m.seconds = 1;
        m.ops_per_second = r.ops;
        m.p50_us = 1e6 * concurrency / r.ops;
        m.cpu_us_per_op = r.cpu;
        m.rss_kib = r.rss;
        s.rounds.push_back(sample{m, r.steal, 1});
    }
    return s;
}

TEST(another_round, fits_while_the_longest_so_far_would_end_within_the_budget) {
    using s = std::chrono::duration<double>;
    EXPECT_TRUE(another_round_fits(s(0), s(0), s(10)));
    EXPECT_TRUE(another_round_fits(s(6), s(4), s(10)));
    EXPECT_FALSE(another_round_fits(s(7), s(4), s(10)));
    EXPECT_TRUE(another_round_fits(s(700), s(400), s(0)));
}

TEST(summarise, takes_medians_and_adds_up_operations) {
    auto const rows = summarise(std::vector{made("raw", 1, {{100}, {300}, {200}})});
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0].ops_per_second.median, 200);
    EXPECT_EQ(rows[0].ops_per_second.low, 100);
    EXPECT_EQ(rows[0].operations, 600u);
    EXPECT_EQ(rows[0].seconds, 3);
}

TEST(summarise, steal_is_that_of_the_worst_round) {
    auto const rows = summarise(std::vector{made("raw", 1, {{100, 1, 0.01}, {100, 1, 0.2}})});
    EXPECT_EQ(rows[0].steal, 0.2);
}

TEST(summarise, bytes_per_waiter_is_the_memory_above_one_in_flight) {
    auto const rows = summarise(std::vector{
        made("threads", 1, {{100, 1, 0, 10'000}}),
        made("threads", 1000, {{100, 1, 0, 20'000}}),
        made("raw", 1000, {{100}}),
    });
    EXPECT_FALSE(rows[0].bytes_per_waiter);
    EXPECT_DOUBLE_EQ(rows[1].bytes_per_waiter.value(), 10'240);
    EXPECT_FALSE(rows[2].bytes_per_waiter) << "there is nothing to compare it with";
}

TEST(summarise, a_failed_round_is_left_out_but_told) {
    auto s = made("raw", 1, {{100}, {200}});
    s.rounds.insert(s.rounds.begin() + 1, std::nullopt);
    s.failures = {"out of connections"};
    auto const rows = summarise(std::vector{s});
    EXPECT_EQ(rows[0].ops_per_second.rounds, 2u);
    EXPECT_THAT(rows[0].failures, ElementsAre("out of connections"));
}

TEST(compare, skips_rounds_that_one_side_lacks) {
    auto a = made("coda", 1, {{200}, {200}, {200}, {200}});
    auto const b = made("threads", 1, {{100}, {100}, {100}, {100}});
    a.rounds[1] = std::nullopt;
    auto const rows = summarise(std::vector{a, b});
    auto const r = compare(rows[0], rows[1], &measurement::ops_per_second);
    EXPECT_EQ(r.of.rounds, 3u);
    EXPECT_EQ(r.of.median, 2);
    EXPECT_EQ(r.is, meaning::sound);
}

TEST(compare, stolen_time_invalidates_throughput_but_not_processor_time) {
    std::vector<round_of> const fast{{200, 5, 0.1}, {200, 5, 0.1}, {200, 5, 0.1}};
    auto const rows = summarise(std::vector{made("coda", 1, fast), made("threads", 1, {{100}, {100}, {100}})});
    EXPECT_EQ(compare(rows[0], rows[1], &measurement::ops_per_second).is, meaning::stolen);
    EXPECT_EQ(compare(rows[0], rows[1], &measurement::cpu_us_per_op).is, meaning::sound);
}

TEST(quote, tells_a_sound_ratio_a_scattered_range_and_nothing_else) {
    EXPECT_EQ(quote({{1.9, 2, 2.1, 3}, meaning::sound}), "2.00");
    EXPECT_EQ(quote({{30, 31.2, 32, 3}, meaning::sound}), "31");
    EXPECT_EQ(quote({{10, 14, 20, 3}, meaning::scattered}), "between 10 and 20");
    EXPECT_EQ(quote({{1, 1, 1, 3}, meaning::no_difference}), "");
    EXPECT_EQ(quote({{2, 2, 2, 3}, meaning::stolen}), "");
}

std::vector<series> typical() {
    return {
        made("threads", 1, {{1000, 20, 0, 10'000}, {1000, 20, 0, 10'000}, {1000, 20, 0, 10'000}}),
        made("coda", 1, {{800, 22, 0, 10'000}, {800, 22, 0, 10'000}, {800, 22, 0, 10'000}}),
        made("threads", 64, {{2000, 20, 0, 11'000}, {2000, 20, 0, 11'000}, {2000, 20, 0, 11'000}}),
        made("coda", 64, {{6000, 5, 0, 10'100}, {6000, 5, 0, 10'100}, {6000, 5, 0, 10'100}}),
        made("threads", 64, {{100}, {100}, {100}}, 5),
        made("coda", 64, {{3000}, {3000}, {3000}}, 5),
    };
}

TEST(conclude, the_headline_tells_speed_processor_time_and_memory) {
    auto const rows = summarise(typical());
    auto const f = conclude(rows);
    EXPECT_THAT(f.headline(), StartsWith("With 64 requests in flight over 8 connections"));
    EXPECT_THAT(f.headline(), HasSubstr("3.00 times as many point reads as threads"));
    EXPECT_THAT(f.headline(), HasSubstr("0.25 times the client CPU"));
    EXPECT_THAT(f.headline(), HasSubstr("1.6 KiB against 15.6 KiB"));
}

TEST(conclude, tells_where_coroutines_lose_and_what_the_network_changes) {
    auto const rows = summarise(typical());
    auto const f = conclude(rows);
    EXPECT_THAT(f.sentences(), Contains(AllOf(HasSubstr("With 5 ms"), HasSubstr("30 times"))));
    EXPECT_THAT(f.sentences(), Contains(AllOf(HasSubstr("Coroutines answered fewer than threads at: read, one"),
                                              HasSubstr("0.80 times"))));
}

TEST(conclude, gives_no_ratio_that_means_nothing) {
    auto const rows = summarise(std::vector{made("threads", 64, {{100}, {300}}), made("coda", 64, {{900}, {900}})});
    auto const f = conclude(rows);
    EXPECT_THAT(f.headline(), HasSubstr("no ratio: too few rounds"));
    EXPECT_THAT(f.headline(), Not(HasSubstr(" times as many")));
    EXPECT_THAT(f.sentences(), IsEmpty());
}

TEST(conclude, does_not_call_equal_what_is_merely_not_proven_different) {
    auto const rows =
        summarise(std::vector{made("threads", 64, {{100}, {300}, {200}}), made("coda", 64, {{200}, {150}, {100}})});
    auto const f = conclude(rows);
    EXPECT_THAT(f.headline(),
                HasSubstr("150 point reads a second against 200 by threads (no ratio: no difference proven)"));
    EXPECT_THAT(f.sentences(), ElementsAre(HasSubstr("is it shown that coroutines answered fewer than threads")));
}

TEST(conclude, a_slower_client_is_called_slower) {
    auto const rows =
        summarise(std::vector{made("threads", 64, {{200}, {200}, {200}}), made("coda", 64, {{100}, {100}, {100}})});
    EXPECT_THAT(conclude(rows).headline(), HasSubstr("0.50 times as many point reads as threads"));
}

TEST(conclude, threads_with_more_connections_are_told_of) {
    auto const rows =
        summarise(std::vector{made("threads", 64, {{200}, {200}, {200}}), made("coda", 64, {{500}, {500}, {500}}),
                              made("threads", 64, {{400}, {400}, {400}}, 0, 64)});
    EXPECT_THAT(conclude(rows).sentences(),
                Contains(AllOf(HasSubstr("64 connections instead of 8"), HasSubstr("0.80 times"))));
}

TEST(conclude, one_client_alone_is_compared_with_nothing) {
    auto const rows = summarise(std::vector{made("coda", 64, {{100}})});
    EXPECT_THAT(conclude(rows).headline(), HasSubstr("nothing is compared"));
    EXPECT_THAT(conclude({}).comparisons(), IsEmpty());
}

TEST(results_json, has_the_fields_that_readers_rely_on) {
    auto const rows = summarise(typical());
    auto const f = conclude(rows);
    auto const parsed = boost::json::parse(pretty(results_json(machine{}, rows, f))).as_object();
    EXPECT_EQ(parsed.at("schema").as_int64(), 1);
    EXPECT_TRUE(parsed.at("machine").is_object());
    auto const& all = parsed.at("rows").as_array();
    ASSERT_EQ(all.size(), rows.size());
    for (auto const* name :
         {"store", "workload", "client", "loop", "connections", "concurrency", "latency_ms", "operations", "seconds",
          "ops_per_second", "p50_us", "p99_us", "p999_us", "cpu_us_per_op", "rss_kib", "errors"})
        EXPECT_TRUE(all[0].as_object().contains(name)) << name;
}

TEST(html_report, holds_the_data_and_needs_no_other_file) {
    auto const rows = summarise(typical());
    auto const page = html_report(results_json(machine{}, rows, conclude(rows)));
    EXPECT_THAT(page, HasSubstr("\"schema\":1"));
    EXPECT_THAT(page, Not(HasSubstr("/*data*/")));
    EXPECT_THAT(page, Not(HasSubstr("/*style*/")));
    EXPECT_THAT(page, Not(HasSubstr("/*script*/")));
    for (auto const* outside : {"src=", "href=", "@import", "url("}) EXPECT_THAT(page, Not(HasSubstr(outside)));
}

TEST(html_report, text_from_outside_cannot_end_the_script) {
    auto s = made("coda", 1, {{100}});
    s.failures = {"</script><script>alert(1)</script>"};
    auto const rows = summarise(std::vector{s});
    auto const page = html_report(results_json(machine{}, rows, conclude(rows)));
    EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(page, HasSubstr("\\u003c/script>"));
}

TEST(summary_text, tells_errors_and_failures) {
    auto s = made("coda", 1, {{100}});
    s.rounds[0]->found.errors = 7;
    s.rounds[0]->found.first_error = "the row is another caller's";
    s.failures = {"connection refused"};
    auto const rows = summarise(std::vector{s});
    auto const text = summary_text(rows, conclude(rows));
    EXPECT_THAT(text, HasSubstr("7 ERRORS: the row is another caller's"));
    EXPECT_THAT(text, HasSubstr("FAILED: connection refused"));
}

TEST(conclude, every_store_is_a_chapter_of_its_own) {
    auto all = typical();
    for (auto s : typical()) {
        s.what.store = "redis";
        all.push_back(s);
    }
    auto const rows = summarise(all);
    auto const f = conclude(rows);
    ASSERT_THAT(f.chapters, SizeIs(2));
    EXPECT_EQ(f.chapters[1].store, "redis");
    EXPECT_EQ(f.chapters[0].headline, f.chapters[1].headline);
    for (auto const& c : f.comparisons()) EXPECT_EQ(c.ours->what.store, c.theirs->what.store);
    EXPECT_THAT(f.headline(), HasSubstr(": With 64 requests in flight"));
    EXPECT_THAT(f.sentences(), SizeIs(2 * f.chapters[0].sentences.size() + 1));
}

} // namespace bench_report_test
