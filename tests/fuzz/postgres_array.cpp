// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

namespace pg = coda::pg;
using coda::fuzz::decode_any;

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
    return 0;
}
