// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// PostgreSQL's types, by the numbers under which the protocol speaks of them.
namespace coda::pg {

/// PostgreSQL's number of a type (pg_type.oid). 0: the server decides by the place it stands in.
using oid = std::uint32_t;

/// One value on the wire.
using bytes = std::span<std::byte const>;

/// The numbers of the built-in types that the driver reads and writes.
namespace type {
inline constexpr oid any = 0, boolean = 16, bytea = 17, char_ = 18, name = 19, int8 = 20, int2 = 21, int4 = 23,
                     text = 25, oid_ = 26, json = 114, xml = 142, cidr = 650, float4 = 700, float8 = 701, unknown = 705,
                     macaddr8 = 774, macaddr = 829, inet = 869, bpchar = 1042, varchar = 1043, date = 1082, time = 1083,
                     timestamp = 1114, timestamptz = 1184, interval = 1186, timetz = 1266, bit = 1560, varbit = 1562,
                     numeric = 1700, record = 2249, uuid = 2950, jsonb = 3802, int4range = 3904, numrange = 3906,
                     tsrange = 3908, tstzrange = 3910, daterange = 3912, int8range = 3926, int4multirange = 4451,
                     nummultirange = 4532, tsmultirange = 4533, tstzmultirange = 4534, datemultirange = 4535,
                     int8multirange = 4536;

/// Types that a database defines itself (enums, composites, domains, extensions) have this number or a higher one.
inline constexpr oid first_user_defined = 16384;
} // namespace type

/// The type's name as SQL spells it, or "type 12345".
std::string type_name(oid type);

namespace detail {

struct built_in_type {
    oid number;
    oid array; // of such values
    std::string_view name;
};

// pg_type.dat, as far as anyone asks for it.
inline constexpr built_in_type built_in_types[] = {
    {type::boolean, 1000, "boolean"},
    {type::bytea, 1001, "bytea"},
    {type::char_, 1002, "\"char\""},
    {type::name, 1003, "name"},
    {type::int8, 1016, "bigint"},
    {type::int2, 1005, "smallint"},
    {type::int4, 1007, "integer"},
    {24, 1008, "regproc"},
    {type::text, 1009, "text"},
    {type::oid_, 1028, "oid"},
    {28, 1011, "xid"},
    {29, 1012, "cid"},
    {type::json, 199, "json"},
    {type::xml, 143, "xml"},
    {600, 1017, "point"},
    {type::cidr, 651, "cidr"},
    {type::float4, 1021, "real"},
    {type::float8, 1022, "double precision"},
    {type::macaddr8, 775, "macaddr8"},
    {790, 791, "money"},
    {type::macaddr, 1040, "macaddr"},
    {type::inet, 1041, "inet"},
    {type::bpchar, 1014, "character"},
    {type::varchar, 1015, "character varying"},
    {type::date, 1182, "date"},
    {type::time, 1183, "time without time zone"},
    {type::timestamp, 1115, "timestamp without time zone"},
    {type::timestamptz, 1185, "timestamp with time zone"},
    {type::interval, 1187, "interval"},
    {type::timetz, 1270, "time with time zone"},
    {type::bit, 1561, "bit"},
    {type::varbit, 1563, "bit varying"},
    {type::numeric, 1231, "numeric"},
    {2205, 2210, "regclass"},
    {2206, 2211, "regtype"},
    {type::record, 2287, "record"},
    {type::uuid, 2951, "uuid"},
    {type::jsonb, 3807, "jsonb"},
    {type::int4range, 3905, "int4range"},
    {type::numrange, 3907, "numrange"},
    {type::tsrange, 3909, "tsrange"},
    {type::tstzrange, 3911, "tstzrange"},
    {type::daterange, 3913, "daterange"},
    {type::int8range, 3927, "int8range"},
    {type::int4multirange, 6150, "int4multirange"},
    {type::nummultirange, 6151, "nummultirange"},
    {type::tsmultirange, 6152, "tsmultirange"},
    {type::tstzmultirange, 6153, "tstzmultirange"},
    {type::datemultirange, 6155, "datemultirange"},
    {type::int8multirange, 6157, "int8multirange"},
};

// The type of arrays of them; `any` where it is the server that knows.
constexpr oid array_of(oid element) noexcept {
    auto const* const known = std::ranges::find(built_in_types, element, &built_in_type::number);
    return known != std::end(built_in_types) ? known->array : type::any;
}

// The type of an array's elements; `any` where `array` is none of the built-in ones.
constexpr oid element_of(oid array) noexcept {
    if (array == 22) return type::int2; // int2vector
    if (array == 30) return type::oid_; // oidvector
    auto const* const known = std::ranges::find(built_in_types, array, &built_in_type::array);
    return known != std::end(built_in_types) ? known->number : type::any;
}

constexpr bool is_user_defined(oid t) noexcept { return t >= type::first_user_defined; }

// Types whose binary form is their text.
constexpr bool is_text(oid t) noexcept {
    return t == type::text || t == type::varchar || t == type::bpchar || t == type::name || t == type::json ||
           t == type::xml || t == type::char_ || t == type::unknown;
}

} // namespace detail

} // namespace coda::pg
