// SPDX-License-Identifier: BSL-1.0
#include "support/write_ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace support_write_ledger_test {

using coda::error;
using coda::outcome;
using coda::test::told_by;
using coda::test::write_ledger;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using told = write_ledger::told;

// One write of which its caller was told `what`, and that the server counts so often.
auto compared(told what, long count) {
    write_ledger ledger;
    auto const number = ledger.begin();
    ledger.end(number, what);
    return ledger.compare(count == 0 ? std::map<std::uint64_t, long>{}
                                     : std::map<std::uint64_t, long>{{number, count}});
}

TEST(write_ledger, an_acknowledged_write_is_there_once) {
    EXPECT_THAT(compared(told::done, 1), IsEmpty());
    EXPECT_THAT(compared(told::done, 0), ElementsAre(HasSubstr("is not there")));
    EXPECT_THAT(compared(told::done, 2), ElementsAre(HasSubstr("more than once")));
}

TEST(write_ledger, a_write_that_did_not_happen_is_not_there) {
    EXPECT_THAT(compared(told::not_done, 0), IsEmpty());
    EXPECT_THAT(compared(told::not_done, 1), ElementsAre(HasSubstr("not to have happened")));
}

TEST(write_ledger, of_an_unknown_one_only_twice_is_wrong) {
    for (auto const what : {told::unknown, told::nothing}) {
        EXPECT_THAT(compared(what, 0), IsEmpty());
        EXPECT_THAT(compared(what, 1), IsEmpty());
        EXPECT_THAT(compared(what, 2), ElementsAre(HasSubstr("more than once")));
    }
}

TEST(write_ledger, a_write_that_nobody_asked_for_is_wrong) {
    write_ledger ledger(100);
    EXPECT_EQ(ledger.begin(), 100u);
    EXPECT_THAT(ledger.compare({{99, 1}}), ElementsAre(HasSubstr("never asked for")));
    EXPECT_THAT(ledger.compare({{101, 1}}), ElementsAre(HasSubstr("never asked for")));
    EXPECT_THAT(ledger.compare({{100, 1}}), IsEmpty());
}

TEST(write_ledger, reads_the_outcome_of_an_error) {
    EXPECT_EQ(told_by(error(coda::errc::cancelled, outcome::not_sent)), told::not_done);
    EXPECT_EQ(told_by(error(coda::errc::cancelled, outcome::completed)), told::not_done);
    EXPECT_EQ(told_by(error(coda::errc::cancelled, outcome::unknown)), told::unknown);
}

} // namespace support_write_ledger_test
