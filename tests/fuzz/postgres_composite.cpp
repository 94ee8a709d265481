// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace coda_fuzz {

enum class mood { sad, ok, happy };
BOOST_DESCRIBE_ENUM(mood, sad, ok, happy)

struct place {
    double x = 0;
    std::optional<double> y;
};
BOOST_DESCRIBE_STRUCT(place, (), (x, y))

struct stop {
    std::string name;
    place at;
    std::optional<mood> felt;
    std::vector<std::int32_t> lines;
};
BOOST_DESCRIBE_STRUCT(stop, (), (name, at, felt, lines))

} // namespace coda_fuzz

namespace pg = coda::pg;
using namespace coda_fuzz;
using coda::fuzz::decode_any;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    decode_any<mood>(data, size);
    decode_any<place>(data, size);
    decode_any<stop>(data, size);
    decode_any<std::vector<place>>(data, size);
    decode_any<std::tuple<>>(data, size);
    decode_any<std::tuple<std::optional<std::int32_t>, std::string>>(data, size);
    return 0;
}
