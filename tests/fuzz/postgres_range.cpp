// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

namespace pg = coda::pg;
using coda::fuzz::decode_any;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    decode_any<pg::range<std::int32_t>>(data, size);
    decode_any<pg::range<pg::numeric>>(data, size);
    decode_any<pg::range<std::chrono::sys_days>>(data, size);
    decode_any<pg::range<double>>(data, size);
    decode_any<pg::multirange<std::int32_t>>(data, size);
    decode_any<pg::multirange<pg::numeric>>(data, size);
    return 0;
}
