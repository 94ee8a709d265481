// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/codec.hpp>
#include <coda/postgres/parameters.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda::pg {

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
    default: return fmt::format("type {}", t);
    }
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
