// SPDX-License-Identifier: BSL-1.0
#include "workloads/postgres/queries.hpp"

#include <boost/endian/conversion.hpp>

#include <cstring>
#include <string_view>

namespace coda::bench::postgres {
namespace {

std::int64_t int64_at(PGresult const* reply, int column) noexcept {
    std::int64_t value = 0;
    std::memcpy(&value, PQgetvalue(reply, 0, column), sizeof value);
    return boost::endian::big_to_native(value);
}

} // namespace

parameters::parameters(query q, std::int64_t key) noexcept
    : network_order_{boost::endian::native_to_big(key), boost::endian::native_to_big(credit_cents)},
      values_{reinterpret_cast<char const*>(&network_order_[0]), reinterpret_cast<char const*>(&network_order_[1])},
      count_(text_of(q).parameters) {}

char const* fault_in(PGresult const* reply, query q, std::int64_t key) noexcept {
    if (q == query::credit) {
        if (PQresultStatus(reply) != PGRES_COMMAND_OK) return PQresultErrorMessage(reply);
        // PQcmdTuples takes a non-const result, though it only reads it.
        auto const* rows = PQcmdTuples(const_cast<PGresult*>(reply));
        return std::string_view(rows) == "1" ? nullptr : "the update did not change one row";
    }
    if (PQresultStatus(reply) != PGRES_TUPLES_OK) return PQresultErrorMessage(reply);
    if (PQntuples(reply) != 1) return "the read did not return one row";
    if (PQgetlength(reply, 0, 0) != 8) return "the key did not come back as eight bytes";
    return int64_at(reply, 0) == key ? nullptr : "the row is another caller's";
}

std::int64_t next_key(PGresult const* reply) noexcept { return int64_at(reply, 1); }

} // namespace coda::bench::postgres
