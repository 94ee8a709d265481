// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/codec.hpp>
#include <coda/postgres/parameters.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda::pg {

namespace {

// Built-in types that have no codec here (pg_type.dat), for the message.
constexpr std::pair<oid, std::string_view> others[] = {
    {142, "xml"},         {600, "point"},      {650, "cidr"},         {869, "inet"},      {790, "money"},
    {1005, "smallint[]"}, {1007, "integer[]"}, {1009, "text[]"},      {1016, "bigint[]"}, {1082, "date"},
    {1083, "time"},       {1114, "timestamp"}, {1184, "timestamptz"}, {1186, "interval"}, {1266, "timetz"},
    {1700, "numeric"},    {2950, "uuid"},      {2951, "uuid[]"},      {3802, "jsonb"},    {3904, "int4range"},
    {3926, "int8range"}};

} // namespace

std::string type_name(oid t) {
    switch (t) {
    case type::any:
    case type::text: return "text";
    case type::boolean: return "boolean";
    case type::bytea: return "bytea";
    case type::name: return "name";
    case type::int8: return "bigint";
    case type::int2: return "smallint";
    case type::int4: return "integer";
    case type::oid_: return "oid";
    case type::json: return "json";
    case type::float4: return "real";
    case type::float8: return "double precision";
    case type::bpchar: return "character";
    case type::varchar: return "character varying";
    default: break;
    }
    auto const* const known = std::ranges::find(others, t, [](auto const& o) { return o.first; });
    return known != std::end(others) ? std::string(known->second) : fmt::format("type {}", t);
}

namespace detail {

result<> check_parameter(std::size_t at, bytes encoded, bool binary, std::size_t& total) {
    total += encoded.size();
    if (total > largest_message)
        return error(
            coda::errc::invalid_argument,
            fmt::format("the parameters up to ${} have {} bytes; PostgreSQL takes less than 1 GB", at + 1, total));
    if (!binary && std::ranges::find(encoded, std::byte{0}) != encoded.end())
        return error(coda::errc::invalid_argument,
                     fmt::format("parameter ${} is a text with a zero byte, which PostgreSQL does not have", at + 1));
    return {};
}

result<> check_sql(std::string_view sql) {
    if (sql.size() > largest_message)
        return error(coda::errc::invalid_argument,
                     fmt::format("the statement has {} bytes; PostgreSQL takes less than 1 GB", sql.size()));
    if (sql.find('\0') != std::string_view::npos)
        return error(coda::errc::invalid_argument, "the statement contains a zero byte");
    return {};
}

} // namespace detail

} // namespace coda::pg
