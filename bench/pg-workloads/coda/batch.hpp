// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pg_workloads {

// A row of what is written: three integers, a text, a float, an integer.
struct entry {
    std::int32_t a = 0;
    std::int32_t b = 0;
    std::int32_t c = 0;
    std::string d;
    double e = 0;
    std::int32_t f = 0;
};

// Distinct rows, the same in every runner.
std::vector<entry> entries(int count);

// Inserts all of them in one transaction; gives how many.
coda::task<std::uint64_t> insert_all(coda::pg::connection& db, std::span<entry const> rows);

} // namespace pg_workloads
