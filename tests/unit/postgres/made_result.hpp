// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire.hpp"

#include <coda/postgres/result_set.hpp>

#include <gtest/gtest.h>
#include <libpq-fe.h>

namespace coda::test {

struct column {
    char const* name;
    pg::oid type;
};

// A result as libpq would have read it from a server; NULL where there is no value.
inline pg::result_set made_result(std::vector<column> const& columns,
                                  std::vector<std::vector<std::optional<std::string>>> const& rows) {
    PGresult* const r = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
    std::vector<PGresAttDesc> described;
    for (auto const& c : columns) {
        PGresAttDesc d{};
        d.name = const_cast<char*>(c.name);
        d.format = 1;
        d.typid = c.type;
        described.push_back(d);
    }
    if (!described.empty()) PQsetResultAttrs(r, static_cast<int>(described.size()), described.data());
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = 0; j < rows[i].size(); ++j) {
            auto const& v = rows[i][j];
            PQsetvalue(r, static_cast<int>(i), static_cast<int>(j), v ? const_cast<char*>(v->data()) : nullptr,
                       v ? static_cast<int>(v->size()) : -1);
        }
    return pg::result_set(r);
}

// A value as it stands in a result.
template <class T>
std::string on_wire(T const& value) {
    auto const b = encoded(value);
    return {reinterpret_cast<char const*>(b.data()), b.size()};
}

} // namespace coda::test
