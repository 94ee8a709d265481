// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

namespace pg = coda::pg;
using coda::fuzz::decode_any;
using coda::fuzz::decode_view;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    decode_any<pg::range<std::int32_t>>(data, size);
    decode_any<pg::range<pg::numeric>>(data, size);
    decode_any<pg::range<std::chrono::sys_days>>(data, size);
    decode_any<pg::range<double>>(data, size);
    decode_any<pg::multirange<std::int32_t>>(data, size);
    decode_any<pg::multirange<pg::numeric>>(data, size);
    using namespace std::chrono;
    decode_any<pg::range<std::int64_t>>(data, size, pg::type::int4range);
    decode_any<pg::range<std::string>>(data, size);
    decode_any<pg::range<year_month_day>>(data, size);
    decode_any<pg::range<local_time<microseconds>>>(data, size);
    decode_any<pg::range<sys_time<microseconds>>>(data, size);
    decode_any<pg::range<pg::inet>>(data, size);
    decode_any<pg::range<pg::time_of_day>>(data, size);
    decode_any<pg::multirange<std::int64_t>>(data, size);
    decode_any<pg::multirange<sys_days>>(data, size);
    decode_any<pg::multirange<sys_time<microseconds>>>(data, size);
    decode_any<pg::multirange<std::string>>(data, size);
    decode_any<std::vector<pg::range<std::string>>>(data, size);
    decode_any<std::vector<std::optional<pg::range<pg::numeric>>>>(data, size);
    decode_any<std::vector<pg::multirange<std::int32_t>>>(data, size);
    decode_view<pg::range<std::string_view>, pg::range<std::string>>(data, size);
    decode_view<pg::multirange<std::string_view>, pg::multirange<std::string>>(data, size);
    return 0;
}
