// SPDX-License-Identifier: BSL-1.0
// By what the server reports a session shows that it is no longer as it was.
#include "reported_state.hpp"
#include "support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace postgres_reported_state_test {

using coda::pg::detail::reported_state;
using coda::test::postgres_session;

class a_reported_state : public ::testing::Test {
protected:
    void SetUp() override {
        coda::test::require_server("CODA_TEST_POSTGRES_URI");
        if (IsSkipped() || HasFatalFailure()) return;
        session_.emplace(coda::test::server_variable("CODA_TEST_POSTGRES_URI"));
        before_.emplace(session_->native());
    }
    postgres_session& session() { return *session_; }
    std::string_view change() const { return before_->changed_on(session_->native()); }

private:
    std::optional<postgres_session> session_;
    std::optional<reported_state> before_;
};

TEST_F(a_reported_state, is_the_same_after_what_leaves_nothing_behind) {
    for (auto const* sql : {"select 1", "begin; set local timezone = 'Asia/Tokyo'; rollback",
                            "set timezone = 'Asia/Tokyo'; reset timezone"}) {
        session().ask(sql);
        EXPECT_EQ(change(), "") << sql;
    }
    EXPECT_THROW(session().ask("select 1 / 0"), std::runtime_error);
    EXPECT_EQ(change(), "");
}

TEST_F(a_reported_state, tells_which_setting_is_another) {
    struct setting {
        std::string_view name;
        std::string_view value;
    };
    for (auto const& [name, value] : {setting{"TimeZone", "Asia/Tokyo"}, setting{"standard_conforming_strings", "off"},
                                      setting{"IntervalStyle", "iso_8601"},
                                      setting{"default_transaction_read_only", "on"}, setting{"DateStyle", "German"},
                                      setting{"client_encoding", "LATIN1"}, setting{"application_name", "another"}}) {
        session().ask(fmt::format("set {} = '{}'", name, value));
        EXPECT_EQ(change(), name);
        session().ask(fmt::format("reset {}", name));
        EXPECT_EQ(change(), "") << name;
    }
}

TEST_F(a_reported_state, tells_of_a_transaction_whether_or_not_it_has_failed) {
    session().ask("begin");
    EXPECT_EQ(change(), "a transaction left open");
    EXPECT_THROW(session().ask("select 1 / 0"), std::runtime_error);
    EXPECT_EQ(change(), "a transaction left open");
    session().ask("rollback");
    EXPECT_EQ(change(), "");
}

} // namespace postgres_reported_state_test
