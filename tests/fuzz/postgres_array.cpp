// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

namespace pg = coda::pg;
using coda::fuzz::decode_any;
using coda::fuzz::decode_view;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using ints = std::vector<std::int32_t>;
    decode_any<ints>(data, size);
    decode_any<std::vector<ints>>(data, size);
    decode_any<std::vector<std::vector<ints>>>(data, size);
    decode_any<std::vector<std::optional<std::int64_t>>>(data, size);
    decode_any<std::vector<bool>>(data, size);
    decode_any<std::vector<std::string>>(data, size);
    decode_any<std::vector<std::optional<pg::numeric>>>(data, size);
    decode_any<std::vector<std::array<std::int16_t, 2>>>(data, size);
    decode_any<std::vector<pg::range<std::int32_t>>>(data, size);
    decode_any<std::vector<pg::unchecked<std::string>>>(data, size);
    decode_any<std::vector<std::vector<bool>>>(data, size);
    decode_any<std::array<std::array<std::optional<std::int32_t>, 2>, 2>>(data, size);
    decode_any<std::vector<std::vector<std::vector<std::vector<std::vector<ints>>>>>>(data, size);
    decode_any<std::vector<char>>(data, size);
    decode_any<std::vector<float>>(data, size);
    decode_any<std::vector<std::optional<std::vector<std::byte>>>>(data, size);
    decode_any<std::vector<boost::uuids::uuid>>(data, size);
    decode_any<std::vector<std::chrono::sys_days>>(data, size);
    decode_any<std::vector<std::optional<std::chrono::sys_time<std::chrono::microseconds>>>>(data, size);
    decode_any<std::vector<pg::time_of_day_tz>>(data, size);
    decode_any<std::vector<pg::interval>>(data, size);
    decode_any<std::vector<pg::inet>>(data, size);
    decode_any<std::vector<pg::bit_string>>(data, size);
    decode_any<std::vector<std::optional<pg::multirange<std::int64_t>>>>(data, size);
    decode_view<std::vector<std::string_view>, std::vector<std::string>>(data, size);
    decode_view<std::vector<std::optional<pg::bytes>>, std::vector<std::optional<std::vector<std::byte>>>>(data, size);
    return 0;
}
