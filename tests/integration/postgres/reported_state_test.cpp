// SPDX-License-Identifier: BSL-1.0
// By what the server reports a session shows that it is no longer as it was.
#include "reported_state.hpp"
#include "support/postgres_server.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <memory>

namespace postgres_reported_state_test {

using coda::pg::detail::reported_state;

struct finish {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
};
using connection = std::unique_ptr<PGconn, finish>;

connection connected() {
    char const* const uri = std::getenv("CODA_TEST_POSTGRES_URI");
    return connection(uri != nullptr ? PQconnectdb(uri) : nullptr);
}

void run(connection const& c, char const* sql) { PQclear(PQexec(c.get(), sql)); }

TEST(reported_state, is_unchanged_by_what_leaves_nothing_behind) {
    auto const c = connected();
    if (c == nullptr) GTEST_SKIP() << "no server";
    reported_state const before(c.get());
    for (auto const* sql : {"select 1", "begin; set local timezone = 'Asia/Tokyo'; rollback", "select 1 / 0",
                            "set timezone = 'Asia/Tokyo'; reset timezone"}) {
        run(c, sql);
        EXPECT_EQ(before.changed_on(c.get()), "") << sql;
    }
}

TEST(reported_state, tells_what_has_changed) {
    auto const c = connected();
    if (c == nullptr) GTEST_SKIP() << "no server";
    reported_state const before(c.get());
    struct change {
        char const* makes;
        char const* undoes;
        std::string_view what;
    };
    for (auto const& each :
         {change{"begin", "rollback", "a transaction left open"},
          change{"begin; select 1 / 0", "rollback", "a transaction left open"},
          change{"set client_encoding = 'LATIN1'", "reset client_encoding", "client_encoding"},
          change{"set timezone = 'Asia/Tokyo'", "reset timezone", "TimeZone"},
          change{"set datestyle = 'German'", "reset datestyle", "DateStyle"},
          change{"set application_name = 'another'", "reset application_name", "application_name"}}) {
        run(c, each.makes);
        EXPECT_EQ(before.changed_on(c.get()), each.what) << each.makes;
        run(c, each.undoes);
        EXPECT_EQ(before.changed_on(c.get()), "") << each.undoes;
    }
}

} // namespace postgres_reported_state_test
