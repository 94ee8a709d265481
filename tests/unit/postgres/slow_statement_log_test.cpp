// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

#include <gmock/gmock.h>

namespace postgres_slow_statement_log_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class slow_statement_log : public testing::Test {
protected:
    std::vector<std::string> lines_about(pg::statement_event const& e, pg::slow_statement_options o) {
        std::vector<std::string> lines;
        pg::slow_statement_log log(o, [&](std::string_view line) { lines.emplace_back(line); });
        log.on_statement(e);
        return lines;
    }
    // Encoded as a statement's are.
    template <class... Args>
    static std::string written(std::size_t most, Args&&... args) {
        pg::detail::parameters_for<Args...> values(std::in_place, std::forward<Args>(args)...);
        auto const view = values.encode("select");
        return pg::sent_parameters(*view).to_string(most);
    }

    pg::statement_event event = [] {
        pg::statement_event e;
        e.sql = "select name\nfrom users where token = $1";
        e.use = pg::statement_use::cached;
        e.rows = 12;
        e.queued = 100us;
        e.server = 1203200us;
        e.decoding = 100us;
        return e;
    }();
};

TEST_F(slow_statement_log, writes_what_took_as_long_and_nothing_else) {
    EXPECT_THAT(lines_about(event, {.after = 1203400us}),
                ElementsAre("slow statement: 1203.4 ms (queued 0.1, server 1203.2, decoding 0.1), 12 rows, cached: "
                            "select name from users where token = $1"));
    EXPECT_THAT(lines_about(event, {.after = 1203401us}), IsEmpty());
}

TEST_F(slow_statement_log, writes_values_only_when_asked) {
    pg::detail::parameters_for<char const*, int> values(std::in_place, "s3cret", 7);
    auto const view = values.encode(event.sql);
    event.parameters = pg::sent_parameters(*view);
    EXPECT_THAT(lines_about(event, {.after = 0s}).at(0), Not(HasSubstr("s3cret")));
    EXPECT_THAT(lines_about(event, {.after = 0s, .parameters = true}).at(0), HasSubstr(" -- $1 = 's3cret', $2 = 7"));
}

// Its message may quote a value.
TEST_F(slow_statement_log, of_one_that_failed_writes_the_code_alone) {
    auto details = std::make_shared<pg::server_error>();
    details->code = "22P02";
    details->primary = "invalid input syntax for type integer: \"s3cret\"";
    coda::error const refused(pg::make_sqlstate("22P02"), coda::outcome::completed, details);
    event.failure = &refused;
    EXPECT_THAT(lines_about(event, {.after = 0s}).at(0), HasSubstr("cached, failed with SQLSTATE 22P02: select"));
    coda::error const lost(coda::errc::connection_lost, "s3cret");
    event.failure = &lost;
    EXPECT_THAT(lines_about(event, {.after = 0s}).at(0), HasSubstr("failed with " + lost.code().message()));
    EXPECT_THAT(lines_about(event, {.after = 0s}).at(0), Not(HasSubstr("s3cret")));
}

TEST_F(slow_statement_log, shortens_what_is_long) {
    std::string const sql(2'000, 'x');
    event.sql = sql;
    auto const line = lines_about(event, {.after = 0s, .most = 10}).at(0);
    EXPECT_THAT(line, testing::EndsWith(": xxxxxxxxxx..."));
}

TEST_F(slow_statement_log, whose_writer_throws_goes_on) {
    pg::slow_statement_log log({.after = 0s}, [](std::string_view) { throw std::runtime_error("disk full"); });
    log.on_statement(event);
}

TEST_F(slow_statement_log, with_an_option_out_of_range_is_refused_by_its_name) {
    EXPECT_THAT(check(pg::slow_statement_options{.after = -1s}).error().message(), HasSubstr("after"));
    EXPECT_THAT(check(pg::slow_statement_options{.most = 0}).error().message(), HasSubstr("most"));
    EXPECT_THROW(pg::slow_statement_log({.most = 0}, [](std::string_view) {}), coda::exception);
    EXPECT_THROW(pg::slow_statement_log({}, nullptr), coda::exception);
}

TEST_F(slow_statement_log, writes_parameters_by_their_types) {
    EXPECT_EQ(written(100), "");
    EXPECT_EQ(written(100, true, std::int16_t(-2), 3, std::int64_t(-4), 0.5f, 0.25),
              "$1 = true, $2 = -2, $3 = 3, $4 = -4, $5 = 0.5, $6 = 0.25");
    EXPECT_EQ(written(100, std::optional<int>(), "it's\n", std::string()), "$1 = NULL, $2 = 'it''s ', $3 = ''");
    EXPECT_EQ(written(4, "abcd", "abcde"), "$1 = 'abcd', $2 = 'abcd...'");
    std::vector<std::byte> const two{std::byte{0xde}, std::byte{0xad}};
    EXPECT_EQ(written(4, two), "$1 = '\\xdead'");
    EXPECT_EQ(written(2, two), "$1 = '\\xde...'");
}

} // namespace postgres_slow_statement_log_test
