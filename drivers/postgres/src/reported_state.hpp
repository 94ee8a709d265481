// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string>
#include <string_view>

struct pg_conn;

namespace coda::pg::detail {

// The settings of a session that the server reports whenever they change (PostgreSQL manual, 55.2.7), and whether it is
// in a transaction: by these it shows what a statement has left behind though neither its words nor its tag said so,
// set_config in a function for one. Settings that are not reported (search_path, before PostgreSQL 18) are not seen.
class reported_state {
public:
    // As they are now, of a session that nobody has used.
    explicit reported_state(pg_conn const* session);

    // At a Sync: what has become another, to be told to whoever did it; empty: nothing. Read once a statement.
    std::string_view changed_on(pg_conn const* session) const noexcept;

private:
    // Settings that a session can change, as new ones are found first: that of libpq's list that was reported last.
    static constexpr std::array<char const*, 8> names = {"TimeZone",
                                                         "standard_conforming_strings",
                                                         "session_authorization",
                                                         "is_superuser",
                                                         "IntervalStyle",
                                                         "default_transaction_read_only",
                                                         "DateStyle",
                                                         "application_name"};

    int encoding_;
    std::array<std::string, names.size()> values_;
};

} // namespace coda::pg::detail
