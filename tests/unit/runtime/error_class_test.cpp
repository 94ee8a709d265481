// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace runtime_error_class_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::error;
using coda::error_class;

TEST(error_class, codes_of_the_runtime_have_one) {
    struct {
        errc code;
        error_class kind;
    } const cases[] = {
        {errc::cancelled, error_class::cancelled},
        {errc::timed_out, error_class::transient},
        {errc::closed, error_class::permanent},
        {errc::queue_full, error_class::throttled},
        {errc::already_awaited, error_class::permanent},
        {errc::loop_stopped, error_class::permanent},
        {errc::name_not_resolved, error_class::connection_lost},
        {errc::invalid_argument, error_class::permanent},
        {errc::connection_lost, error_class::connection_lost},
        {errc::not_connected, error_class::connection_lost},
        {errc::protocol_error, error_class::connection_lost},
        {errc::type_mismatch, error_class::permanent},
    };
    for (auto const& c : cases) {
        EXPECT_EQ(error(c.code).kind(), c.kind) << make_error_code(c.code).message();
        EXPECT_EQ(make_error_code(c.code), c.kind);
    }
}

TEST(error_class, the_systems_codes_have_one) {
    using boost::system::system_category;
    auto const kind = [](int number) { return error(coda::error_code(number, system_category())).kind(); };
    EXPECT_EQ(kind(ECONNREFUSED), error_class::connection_lost);
    EXPECT_EQ(kind(ECONNRESET), error_class::connection_lost);
    EXPECT_EQ(kind(ETIMEDOUT), error_class::connection_lost);
    EXPECT_EQ(kind(EMFILE), error_class::throttled);
    EXPECT_EQ(kind(EINTR), error_class::transient);
    EXPECT_EQ(kind(ECANCELED), error_class::cancelled);
    EXPECT_EQ(kind(EACCES), error_class::permanent);
}

TEST(error_class, what_no_category_knows_is_permanent) {
    class silent final : public boost::system::error_category {
        char const* name() const noexcept override { return "silent"; }
        std::string message(int) const override { return {}; }
    };
    static silent const category;
    EXPECT_EQ(error(coda::error_code(1, category)).kind(), error_class::permanent);
}

TEST(error_class, names_itself) {
    EXPECT_EQ(to_string(error_class::conflict), "conflict");
    EXPECT_EQ(make_error_condition(error_class::throttled).message(), "throttled");
    EXPECT_STREQ(coda::error_class_category().name(), "coda.class");
}

struct outspoken final : coda::error_details {
    outspoken(std::optional<error_class> k, std::chrono::nanoseconds wait, coda::error_details const* inside = nullptr)
        : kind_(k), wait_(wait), inside_(inside) {}
    std::string message() const override { return "said"; }
    std::optional<error_class> kind() const noexcept override { return kind_; }
    std::chrono::nanoseconds retry_after() const noexcept override { return wait_; }
    coda::error_details const* inner() const noexcept override { return inside_; }

    std::optional<error_class> kind_;
    std::chrono::nanoseconds wait_;
    coda::error_details const* inside_;
};
struct other final : coda::error_details {
    std::string message() const override { return "other"; }
};

TEST(error_class, details_know_better_than_the_code) {
    auto const details = std::make_shared<outspoken>(error_class::conflict, 2s);
    error const e(make_error_code(errc::closed), coda::outcome::completed, details);
    EXPECT_EQ(e.kind(), error_class::conflict);
    EXPECT_EQ(e.retry_after(), 2s);
    EXPECT_EQ(error(errc::closed).retry_after(), 0s);
}

TEST(error_class, details_that_say_nothing_leave_it_to_those_inside_and_to_the_code) {
    outspoken const inside(error_class::throttled, 3s);
    auto const around = std::make_shared<outspoken>(std::nullopt, 0s, &inside);
    EXPECT_EQ(error(make_error_code(errc::closed), coda::outcome::completed, around).kind(), error_class::throttled);
    EXPECT_EQ(error(make_error_code(errc::closed), coda::outcome::completed, around).retry_after(), 3s);
    auto const silent = std::make_shared<outspoken>(std::nullopt, 0s);
    EXPECT_EQ(error(make_error_code(errc::queue_full), coda::outcome::completed, silent).kind(),
              error_class::throttled);
}

TEST(error_class, details_inside_others_are_found) {
    other const inside;
    auto const around = std::make_shared<outspoken>(std::nullopt, 0s, &inside);
    error const e(make_error_code(errc::closed), coda::outcome::completed, around);
    EXPECT_EQ(e.details<outspoken>(), around.get());
    EXPECT_EQ(e.details<other>(), &inside);
    EXPECT_EQ(error(errc::closed).details<other>(), nullptr);
}

} // namespace runtime_error_class_test
