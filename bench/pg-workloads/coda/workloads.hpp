// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "batch.hpp"
#include "checksum.hpp"

#include <boost/describe/class.hpp>

namespace pg_workloads {

// What one query of each workload is, how many rows its answer has, and what goes into its checksum.

struct type_row {
    std::string typname;
    std::uint32_t typnamespace = 0;
    std::uint32_t typowner = 0;
    std::int16_t typlen = 0;
    bool typbyval = false;
    char typcategory = 0;
    bool typispreferred = false;
    bool typisdefined = false;
    char typdelim = 0;
    std::uint32_t typrelid = 0;
    std::uint32_t typelem = 0;
    std::uint32_t typarray = 0;
};
BOOST_DESCRIBE_STRUCT(type_row, (),
                      (typname, typnamespace, typowner, typlen, typbyval, typcategory, typispreferred, typisdefined,
                       typdelim, typrelid, typelem, typarray))

struct pg_type {
    using answer = std::vector<type_row>;
    static auto ask(coda::pg::connection& db) {
        return db.query<type_row>("select typname, typnamespace, typowner, typlen, typbyval, typcategory, "
                                  "typispreferred, typisdefined, typdelim, typrelid, typelem, typarray "
                                  "from pg_type where typtypmod = $1 and typisdefined = $2",
                                  std::int32_t{-1}, true);
    }
    static std::uint64_t rows(answer const& a) noexcept { return a.size(); }
    static void add(type_row const& r, checksum& to) noexcept {
        to.add(std::string_view(r.typname));
        to.add(r.typnamespace);
        to.add(r.typowner);
        to.add(r.typlen);
        to.add(r.typbyval);
        to.add(r.typcategory);
        to.add(r.typispreferred);
        to.add(r.typisdefined);
        to.add(r.typdelim);
        to.add(r.typrelid);
        to.add(r.typelem);
        to.add(r.typarray);
    }
    static void add(answer const& a, checksum& to) noexcept {
        for (auto const& row : a) add(row, to);
    }
};

// Those of one column.
template <class T>
struct column_of {
    using answer = std::vector<T>;
    static std::uint64_t rows(answer const& a) noexcept { return a.size(); }
    static void add(answer const& a, checksum& to) noexcept {
        for (auto const& value : a) to.add(value);
    }
};

struct series : column_of<std::int32_t> {
    static auto ask(coda::pg::connection& db) {
        return db.query<std::int32_t>("select i from generate_series(1, 1000) as i");
    }
};

struct bytea : column_of<std::vector<std::byte>> {
    static auto ask(coda::pg::connection& db) {
        return db.query<std::vector<std::byte>>("select b from pg_workloads_bytes");
    }
};

struct arrays : column_of<std::vector<std::int32_t>> {
    static auto ask(coda::pg::connection& db) {
        return db.query<std::vector<std::int32_t>>("select a from pg_workloads_arrays");
    }
};

struct one_plus_one {
    using answer = std::int32_t;
    static auto ask(coda::pg::connection& db) { return db.query_one<std::int32_t>("select 1+1"); }
    static std::uint64_t rows(answer) noexcept { return 1; }
    static void add(answer a, checksum& to) noexcept { to.add(a); }
};

// Its rows are on the server, where whoever started this looks at them.
struct batch {
    using answer = std::uint64_t;
    static auto ask(coda::pg::connection& db) {
        static auto const rows = entries(1'000);
        return insert_all(db, rows);
    }
    static std::uint64_t rows(answer a) noexcept { return a; }
    static void add(answer a, checksum& to) noexcept { to.add(a); }
};

} // namespace pg_workloads
