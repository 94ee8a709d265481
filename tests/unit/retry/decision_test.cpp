// SPDX-License-Identifier: BSL-1.0
// The decision over its whole space: what the table in docs/retry.md says is what is decided.
#include <coda/retry/decision.hpp>
#include <coda/retry/health.hpp>

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace retry_decision_test {

using namespace std::chrono_literals;
using coda::decide;
using coda::error_class;
using coda::failed_attempt;
using coda::outcome;
using coda::verdict;

constexpr std::array classes{error_class::permanent, error_class::cancelled,  error_class::expired,
                             error_class::transient, error_class::conflict,   error_class::connection_lost,
                             error_class::throttled, error_class::unconfirmed};
constexpr std::array outcomes{outcome::not_sent, outcome::completed, outcome::unknown};

std::vector<std::string> cells_of(std::string const& line) {
    std::vector<std::string> cells;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, '|');) {
        auto const first = cell.find_first_not_of(" `");
        auto const last = cell.find_last_not_of(" `");
        cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
    if (!cells.empty()) cells.erase(cells.begin()); // before the first bar
    return cells;
}

// The rows of docs/retry.md's table under this heading, by their first cell.
std::map<std::string, std::vector<std::string>> table(std::string const& heading) {
    std::ifstream in(CODA_DOCS "/retry.md");
    std::map<std::string, std::vector<std::string>> rows;
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("## ")) inside = line == "## " + heading;
        if (!inside || !line.starts_with("| `")) continue;
        auto const cells = cells_of(line);
        rows[cells.at(0)] = {cells.begin() + 1, cells.end()};
    }
    return rows;
}

// What the table allows: "yes", "no", or "if idempotent".
bool allowed(std::string const& cell, bool idempotent) {
    EXPECT_TRUE(cell == "yes" || cell == "no" || cell == "if idempotent") << cell;
    return cell == "yes" || (cell == "if idempotent" && idempotent);
}

TEST(decision, is_what_the_table_in_the_docs_says) {
    auto const rows = table("What is tried again");
    ASSERT_EQ(rows.size(), classes.size());
    for (auto const kind : classes) {
        auto const& row = rows.at(std::string(to_string(kind)));
        for (std::size_t i = 0; i < outcomes.size(); ++i)
            for (bool const idempotent : {false, true}) {
                auto const d = decide({.kind = kind,
                                       .outcome = outcomes[i],
                                       .idempotent = idempotent,
                                       .max_attempts = 2,
                                       .left = 1h,
                                       .backoff = 1ms});
                EXPECT_EQ(d.what == verdict::retry, allowed(row.at(i), idempotent))
                    << to_string(kind) << ' ' << to_string(outcomes[i]) << ' ' << idempotent;
            }
    }
}

// The reasons not to, each stated by itself; the first of them in the order of `verdict` is the verdict.
std::vector<verdict> reasons_against(failed_attempt const& a) {
    std::vector<verdict> reasons;
    if (a.kind == error_class::cancelled) reasons.push_back(verdict::cancelled);
    if (a.kind == error_class::permanent || a.kind == error_class::expired) reasons.push_back(verdict::permanent);
    if (!a.idempotent && (a.outcome == outcome::unknown || a.kind == error_class::unconfirmed))
        reasons.push_back(verdict::unsafe);
    if (a.attempts >= a.max_attempts) reasons.push_back(verdict::attempts_used);
    if (a.backoff + a.retry_after >= a.left) reasons.push_back(verdict::no_time);
    if (!a.budget) reasons.push_back(verdict::budget_empty);
    return reasons;
}

TEST(decision, over_its_whole_space) {
    int cases = 0;
    std::map<verdict, int> seen;
    for (auto const kind : classes)
        for (auto const what : outcomes)
            for (bool const idempotent : {false, true})
                for (std::size_t const attempts : {1U, 2U, 3U, 4U})
                    for (bool const budget : {false, true})
                        for (auto const left : {-1ms, 0ms, 9ms, 10ms, 11ms, 30ms, 31ms})
                            for (auto const hint : {0ms, 20ms}) {
                                failed_attempt const a{kind, what, idempotent, attempts, 3, budget, left, 10ms, hint};
                                auto const against = reasons_against(a);
                                auto const d = decide(a);
                                EXPECT_EQ(d.what, against.empty() ? verdict::retry : against.front());
                                EXPECT_EQ(d.wait, d.what == verdict::retry ? 10ms + hint : 0ms);
                                ++seen[d.what];
                                ++cases;
                            }
    EXPECT_EQ(cases, 8 * 3 * 2 * 4 * 2 * 7 * 2);
    EXPECT_EQ(seen.size(), 7U); // every verdict is reached
}

TEST(decision, a_wait_that_ends_at_the_deadline_is_too_long) {
    failed_attempt a{.kind = error_class::transient, .outcome = outcome::not_sent, .max_attempts = 2, .backoff = 10ms};
    a.left = 10ms;
    EXPECT_EQ(decide(a).what, verdict::no_time);
    a.left = 10ms + 1ns;
    EXPECT_EQ(decide(a).what, verdict::retry);
}

TEST(decision, no_request_of_a_server_overflows) {
    failed_attempt a{.kind = error_class::throttled,
                     .max_attempts = 2,
                     .left = coda::duration::max(),
                     .backoff = 24h,
                     .retry_after = coda::duration::max()};
    a.outcome = outcome::completed;
    EXPECT_EQ(decide(a).what, verdict::no_time);
    a.retry_after = coda::duration::max() - 24h;
    EXPECT_EQ(decide(a).what, verdict::no_time);
    a.left = 1ms;
    EXPECT_EQ(decide(a).what, verdict::no_time);
}

TEST(decision, is_made_at_compile_time_where_all_is_known) {
    static_assert(decide({.kind = error_class::transient,
                          .outcome = outcome::completed,
                          .max_attempts = 2,
                          .left = std::chrono::seconds(1)})
                      .what == verdict::retry);
}

TEST(decision, verdicts_have_words) {
    for (auto const v : {verdict::retry, verdict::cancelled, verdict::permanent, verdict::unsafe,
                         verdict::attempts_used, verdict::no_time, verdict::budget_empty})
        EXPECT_NE(to_string(v), "invalid");
}

TEST(health, is_what_the_table_in_the_docs_says) {
    auto const rows = table("What an end says about the server");
    ASSERT_EQ(rows.size(), classes.size());
    std::map<std::string, coda::health> const words{
        {"good", coda::health::good}, {"bad", coda::health::bad}, {"nothing", coda::health::unknown}};
    for (auto const kind : classes)
        for (std::size_t i = 0; i < outcomes.size(); ++i)
            EXPECT_EQ(coda::health_after(kind, outcomes[i]), words.at(rows.at(std::string(to_string(kind))).at(i)))
                << to_string(kind) << ' ' << to_string(outcomes[i]);
}

TEST(health, of_a_value_is_good) {
    EXPECT_EQ(health_after(coda::result<int>(1)), coda::health::good);
    EXPECT_EQ(health_after(coda::result<>(coda::error(coda::errc::connection_lost))), coda::health::bad);
    EXPECT_EQ(health_after(coda::result<>(coda::error(coda::errc::cancelled))), coda::health::unknown);
    EXPECT_EQ(health_after(coda::result<>(coda::error(coda::errc::queue_full))), coda::health::unknown);
}

} // namespace retry_decision_test
