// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

namespace pg = coda::pg;
using namespace std::chrono;
using coda::fuzz::decode_any;
using coda::fuzz::decode_view;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    decode_any<bool>(data, size);
    decode_any<char>(data, size);
    decode_any<std::int16_t>(data, size);
    decode_any<std::int32_t>(data, size);
    decode_any<std::int64_t>(data, size);
    decode_any<std::int64_t>(data, size, pg::type::int2);
    decode_any<std::int64_t>(data, size, pg::type::int4);
    decode_any<pg::oid>(data, size);
    decode_any<float>(data, size);
    decode_any<double>(data, size);
    decode_any<double>(data, size, pg::type::float4);
    decode_any<std::string>(data, size);
    decode_any<std::string>(data, size, pg::type::jsonb);
    decode_any<std::string>(data, size, pg::type::json);
    decode_any<std::string>(data, size, pg::type::xml);
    decode_any<std::string>(data, size, pg::type::char_);
    for (pg::oid const type : {pg::type::text, pg::type::name, pg::type::char_, pg::type::jsonb, pg::type::bytea})
        decode_view<std::string_view, std::string>(data, size, type);
    decode_view<pg::bytes, std::vector<std::byte>>(data, size);
    decode_any<std::int32_t>(data, size, pg::type::int2);
    decode_any<std::vector<std::byte>>(data, size);
    decode_any<boost::uuids::uuid>(data, size);
    decode_any<sys_days>(data, size);
    decode_any<year_month_day>(data, size);
    decode_any<sys_time<microseconds>>(data, size);
    decode_any<local_time<microseconds>>(data, size);
    decode_any<pg::time_of_day>(data, size);
    decode_any<pg::time_of_day_tz>(data, size);
    decode_any<pg::interval>(data, size);
    return 0;
}
