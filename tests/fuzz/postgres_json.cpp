// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

#include <coda/postgres/json.hpp>

#include <boost/json/src.hpp>

namespace pg = coda::pg;
using coda::fuzz::decode_any;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    decode_any<boost::json::value>(data, size);
    decode_any<boost::json::value>(data, size, pg::type::json);
    decode_any<std::vector<boost::json::value>>(data, size);
    decode_any<std::tuple<std::optional<boost::json::value>, bool>>(data, size, pg::type::record);
    return 0;
}
