// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/batch_error.hpp>

#include <gtest/gtest.h>

namespace postgres_batch_error_test {

namespace pg = coda::pg;
using coda::error_class;
using coda::outcome;
using pg::batch_error;

coda::error conflict() {
    auto details = std::make_shared<pg::server_error>();
    details->severity = "ERROR";
    details->code = "40001";
    details->primary = "could not serialize access";
    return {pg::sqlstate::serialization_failure, outcome::completed, std::move(details)};
}

TEST(batch_error, tells_which_and_why_and_keeps_code_outcome_and_the_servers_words) {
    auto const e = pg::detail::failed_in_batch(batch_error::of::parameter_sets, conflict(), 17);
    EXPECT_EQ(e.code(), pg::sqlstate::serialization_failure);
    EXPECT_EQ(e.outcome(), outcome::completed);
    EXPECT_EQ(e.message(), "parameter set 17: ERROR 40001: could not serialize access");
    EXPECT_EQ(e.details<batch_error>()->index, 17u);
    EXPECT_EQ(e.details<pg::server_error>()->code, "40001");
    EXPECT_EQ(e.kind(), error_class::conflict) << "nothing is stored: it may be done again";
}

TEST(batch_error, of_which_some_stand_is_not_to_be_done_again) {
    auto const e = pg::detail::failed_in_batch(batch_error::of::parameter_sets, conflict(), 17, 1'000);
    EXPECT_EQ(e.kind(), error_class::permanent);
    EXPECT_EQ(e.message(), "parameter set 17: ERROR 40001: could not serialize access (1000 parameter sets stand)");
}

TEST(batch_error, of_the_transaction_or_the_connection_names_none) {
    coda::error const lost(coda::errc::connection_lost, outcome::unknown);
    auto const e = pg::detail::failed_in_batch(batch_error::of::statements, lost, std::nullopt, 1);
    EXPECT_EQ(e.details<batch_error>()->index, std::nullopt);
    EXPECT_EQ(e.details<pg::server_error>(), nullptr);
    EXPECT_EQ(e.kind(), error_class::connection_lost);
    EXPECT_EQ(e.outcome(), outcome::unknown);
}

} // namespace postgres_batch_error_test
