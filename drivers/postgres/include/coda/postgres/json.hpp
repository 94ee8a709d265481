// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/text.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

/// json and jsonb as Boost.JSON values. Not part of <coda/postgres.hpp>: a program that includes this links Boost.JSON,
/// or has <boost/json/src.hpp> in one of its sources.
///
///     auto doc = co_await db.query_one<boost::json::value>("select body from documents where id = $1", id);
namespace coda::pg {

namespace detail {

// What Boost.JSON's parser calls. Its own gives doubles that are not always the nearest ones, and infinities for what
// is beyond them.
class json_handler {
    using error_code = boost::json::error_code;
    using string_view = boost::json::string_view;

public:
    static constexpr std::size_t max_object_size = boost::json::object::max_size();
    static constexpr std::size_t max_array_size = boost::json::array::max_size();
    static constexpr std::size_t max_key_size = boost::json::string::max_size();
    static constexpr std::size_t max_string_size = boost::json::string::max_size();

    json_handler() { made_.reset(); }
    boost::json::value release() { return made_.release(); }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_array_begin(error_code&) { return true; }
    bool on_object_begin(error_code&) { return true; }
    bool on_array_end(std::size_t count, error_code&) { return made_.push_array(count), true; }
    bool on_object_end(std::size_t count, error_code&) { return made_.push_object(count), true; }
    bool on_string_part(string_view part, std::size_t, error_code&) { return made_.push_chars(part), true; }
    bool on_string(string_view last, std::size_t, error_code&) { return made_.push_string(last), true; }
    bool on_key_part(string_view part, std::size_t, error_code&) { return made_.push_chars(part), true; }
    bool on_key(string_view last, std::size_t, error_code&) { return made_.push_key(last), true; }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t value, string_view, error_code&) { return made_.push_int64(value), true; }
    bool on_uint64(std::uint64_t value, string_view, error_code&) { return made_.push_uint64(value), true; }
    bool on_bool(bool value, error_code&) { return made_.push_bool(value), true; }
    bool on_null(error_code&) { return made_.push_null(), true; }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }
    // All of the text is there at once, and so are all digits.
    bool on_double(double near, string_view digits, error_code& failed) {
        double value = 0;
        auto const read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (read.ec == std::errc::result_out_of_range) value = std::abs(near) < 1 ? std::copysign(0.0, near) : HUGE_VAL;
        if (!std::isfinite(value)) failed = boost::json::error::exponent_overflow;
        made_.push_double(value);
        return !failed;
    }

private:
    boost::json::value_stack made_;
};

inline bool is_finite(boost::json::value const& v) noexcept {
    if (auto const* number = v.if_double()) return std::isfinite(*number);
    if (auto const* array = v.if_array()) return std::ranges::all_of(*array, is_finite);
    auto const* object = v.if_object();
    return object == nullptr ||
           std::ranges::all_of(*object, [](auto const& member) { return is_finite(member.value()); });
}

} // namespace detail

/// Sent as jsonb. A text that Boost.JSON finds fault with cannot be read: more than 32 levels, a number beyond double.
/// What is no integer of 64 bits is read as the nearest double; NaN and infinities cannot be sent.
template <>
struct codec<boost::json::value> {
    static constexpr oid type = type::jsonb;
    static constexpr bool reads(oid sent) noexcept { return sent == type::json || sent == type::jsonb; }
    static bool decode(bytes from, oid sent, boost::json::value& to) {
        std::string_view text;
        if (!reads(sent) || !detail::read_text(from, sent, text)) return false;
        boost::json::basic_parser<detail::json_handler> parser({});
        boost::json::error_code failed;
        if (parser.write_some(false, text.data(), text.size(), failed) != text.size() || failed) return false;
        to = parser.handler().release();
        return true;
    }
    static void encode(boost::json::value const& value, encoder& to) {
        if (!detail::is_finite(value)) return to.refuse("has a number that JSON does not have: NaN or an infinity");
        to.append_integer(std::uint8_t{1}); // jsonb's version
        std::string const text = boost::json::serialize(value);
        to.append(std::as_bytes(std::span(text)));
    }
};

} // namespace coda::pg
