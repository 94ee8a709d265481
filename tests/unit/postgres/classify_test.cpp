// SPDX-License-Identifier: BSL-1.0
#include "classify.hpp"

#include <coda/postgres/error.hpp>

#include <gtest/gtest.h>

#include <memory>

namespace postgres_classify_test {

using coda::error;
using coda::error_class;
using coda::outcome;

TEST(classify, every_sqlstate_that_something_can_be_done_about) {
    struct {
        char const* sqlstate;
        error_class kind;
    } const cases[] = {
        {"08000", error_class::connection_lost}, {"08001", error_class::connection_lost},
        {"08003", error_class::connection_lost}, {"08004", error_class::connection_lost},
        {"08006", error_class::connection_lost}, {"08007", error_class::unconfirmed},
        {"08P01", error_class::permanent},       {"25P03", error_class::connection_lost},
        {"25P04", error_class::expired},         {"40000", error_class::conflict},
        {"40001", error_class::conflict},        {"40002", error_class::permanent},
        {"40003", error_class::unconfirmed},     {"40P01", error_class::conflict},
        {"53000", error_class::throttled},       {"53100", error_class::throttled},
        {"53200", error_class::throttled},       {"53300", error_class::throttled},
        {"53400", error_class::throttled},       {"55006", error_class::transient},
        {"55P03", error_class::conflict},        {"57000", error_class::expired},
        {"57014", error_class::expired},         {"57P01", error_class::connection_lost},
        {"57P02", error_class::connection_lost}, {"57P03", error_class::transient},
        {"57P04", error_class::permanent},       {"57P05", error_class::connection_lost},
    };
    for (auto const& c : cases) {
        EXPECT_EQ(error(coda::pg::make_sqlstate(c.sqlstate)).kind(), c.kind) << c.sqlstate;
        auto said = std::make_shared<coda::pg::server_error>();
        said->code = c.sqlstate;
        error const refused(coda::pg::make_error_code(coda::pg::errc::connect_failed), outcome::not_sent, said);
        EXPECT_EQ(refused.kind(), c.kind) << c.sqlstate; // the server's reason counts
    }
}

TEST(classify, mistakes_and_constraints_are_permanent) {
    for (char const* state : {"22012", "23505", "25006", "28P01", "3D000", "42601", "42P01", "55000", "XX000", "P0001"})
        EXPECT_EQ(error(coda::pg::make_sqlstate(state)).kind(), error_class::permanent) << state;
}

TEST(classify, codes_compare_with_a_class) {
    EXPECT_TRUE(coda::pg::sqlstate::serialization_failure == error_class::conflict);
    EXPECT_FALSE(coda::pg::sqlstate::unique_violation == error_class::conflict);
}

TEST(classify, the_drivers_own_codes) {
    using coda::pg::errc;
    EXPECT_EQ(error(make_error_code(errc::connect_failed)).kind(), error_class::connection_lost);
    for (auto const code :
         {errc::no_rows, errc::several_rows, errc::unexpected_null, errc::no_such_column, errc::copy_refused})
        EXPECT_EQ(error(make_error_code(code)).kind(), error_class::permanent);
}

} // namespace postgres_classify_test
