// SPDX-License-Identifier: BSL-1.0
#include "preparation.hpp"

#include <gtest/gtest.h>

namespace postgres_preparation_test {

using coda::pg::detail::failure_parts;
using coda::pg::detail::preparation;
using coda::pg::detail::preparation_after;

preparation after(failure_parts const& failed) { return preparation_after(failed, "coda_7"); }

TEST(a_preparation, is_forgotten_when_the_server_does_not_know_its_name) {
    EXPECT_EQ(after({.sqlstate = "26000", .primary = "prepared statement \"coda_7\" does not exist"}),
              preparation::forgotten);
    EXPECT_EQ(after({.sqlstate = "26000",
                     .primary = "der vorbereitete Befehl \xc2\xbb"
                                "coda_7\xc2\xab existiert nicht"}),
              preparation::forgotten)
        << "in any language";
}

TEST(a_preparation, holds_when_another_name_is_not_known) {
    for (auto const* other : {"coda_72", "mine", "coda_", ""})
        EXPECT_EQ(after({.sqlstate = "26000", .primary = other}), preparation::holds) << other;
}

TEST(a_preparation, is_outdated_when_the_rows_would_be_others) {
    failure_parts failed{.sqlstate = "0A000", .routine = "RevalidateCachedQuery"};
    EXPECT_EQ(after(failed), preparation::outdated);
    failed.context = "SQL statement \"select 1\"";
    EXPECT_EQ(after(failed), preparation::holds) << "a function's own plan";
    EXPECT_EQ(after({.sqlstate = "0A000", .routine = "exec_stmt_raise"}), preparation::holds);
}

TEST(a_preparation, is_outdated_when_the_statement_does_not_fit_any_more) {
    failure_parts failed{.sqlstate = "42804", .position = "20"};
    EXPECT_EQ(after(failed), preparation::outdated);
    failed.context = "PL/pgSQL function f() line 3";
    EXPECT_EQ(after(failed), preparation::holds) << "a statement in a function";
    EXPECT_EQ(after({.sqlstate = "42501"}), preparation::holds) << "found while it ran";
}

TEST(a_preparation, is_outdated_when_the_type_of_a_parameter_is_gone) {
    EXPECT_EQ(after({.sqlstate = "XX000", .primary = "cache lookup failed for type 16385"}), preparation::outdated);
    failure_parts failed{
        .sqlstate = "XX000", .primary = "cache lookup failed for type 16385", .context = "unnamed portal parameter $1"};
    EXPECT_EQ(after(failed), preparation::outdated);
    failed.context = "SQL statement \"select $1\"\nPL/pgSQL function f() line 3";
    EXPECT_EQ(after(failed), preparation::holds);
    EXPECT_EQ(after({.sqlstate = "XX000", .primary = "cache lookup failed for relation 16385"}), preparation::holds);
}

TEST(a_preparation, holds_after_any_other_failure) {
    for (auto const* state : {"22012", "23505", "40001", "57014", "25P02", ""})
        EXPECT_EQ(after({.sqlstate = state, .position = "1"}), preparation::holds) << state;
}

} // namespace postgres_preparation_test
