// SPDX-License-Identifier: BSL-1.0
#include "decode_any.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace coda_fuzz {

namespace pg = coda::pg;

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

struct stop_view {
    std::string_view name;
    place at;
    std::optional<mood> felt;
    std::vector<std::int32_t> lines;
};
BOOST_DESCRIBE_STRUCT(stop_view, (), (name, at, felt, lines))

struct tree {
    pg::unchecked<pg::numeric> height;
    std::vector<std::optional<stop>> stops;
    std::optional<pg::range<std::chrono::sys_days>> open;
    std::optional<pg::inet> address;
};
BOOST_DESCRIBE_STRUCT(tree, (), (height, stops, open, address))

// As a program would write it.
struct point {
    double x = 0;
    double y = 0;
};

} // namespace coda_fuzz

template <>
struct coda::pg::codec<coda_fuzz::point> {
    static constexpr oid type = 600;
    static bool decode(bytes from, oid sent, coda_fuzz::point& to) {
        decoder parts(from);
        return sent == type && parts.read(to.x) && parts.read(to.y) && parts.at_end();
    }
    static void encode(coda_fuzz::point value, encoder& to) {
        to.append_float(value.x);
        to.append_float(value.y);
    }
};

using namespace coda_fuzz;
using coda::fuzz::decode_any;
using coda::fuzz::decode_view;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    decode_any<mood>(data, size);
    decode_any<place>(data, size);
    decode_any<stop>(data, size);
    decode_any<std::vector<place>>(data, size);
    decode_any<std::tuple<>>(data, size);
    decode_any<std::tuple<std::optional<std::int32_t>, std::string>>(data, size);
    decode_any<mood>(data, size, pg::type::text);
    decode_any<std::vector<std::optional<mood>>>(data, size);
    decode_any<tree>(data, size);
    decode_any<std::vector<std::optional<stop>>>(data, size);
    decode_any<std::tuple<std::tuple<>, std::tuple<std::optional<place>, bool>>>(data, size, pg::type::record);
    decode_any<point>(data, size);
    decode_any<std::vector<std::optional<point>>>(data, size);
    decode_any<pg::range<point>>(data, size);
    decode_any<std::tuple<point, std::optional<point>>>(data, size);
    decode_any<pg::unchecked<place>>(data, size, pg::type::first_user_defined);
    decode_any<pg::unchecked<std::vector<std::int32_t>>>(data, size, pg::type::first_user_defined);
    decode_view<stop_view, stop>(data, size);
    decode_view<std::tuple<std::optional<std::string_view>, pg::bytes>,
                std::tuple<std::optional<std::string>, std::vector<std::byte>>>(data, size);
    decode_view<pg::unchecked<std::string_view>, pg::unchecked<std::string>>(data, size, pg::type::first_user_defined);
    return 0;
}
