// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/text.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

/// json and jsonb as Boost.JSON values. Not part of <coda/postgres.hpp>: a program that includes this links Boost.JSON,
/// or has <boost/json/src.hpp> in one of its sources.
///
///     auto doc = co_await db.query_one<boost::json::value>("select body from documents where id = $1", id);
namespace coda::pg {

/// Sent as jsonb. A text that Boost.JSON finds fault with cannot be read: more than 32 levels, a number beyond double.
template <>
struct codec<boost::json::value> {
    static constexpr oid type = type::jsonb;
    static constexpr bool reads(oid sent) noexcept { return sent == type::json || sent == type::jsonb; }
    static bool decode(bytes from, oid sent, boost::json::value& to) {
        std::string_view text;
        if (!reads(sent) || !detail::read_text(from, sent, text)) return false;
        boost::json::error_code failed;
        to = boost::json::parse(boost::json::string_view(text.data(), text.size()), failed);
        return !failed;
    }
    static void encode(boost::json::value const& value, encoder& to) {
        to.append_integer(std::uint8_t{1}); // jsonb's version
        std::string const text = boost::json::serialize(value);
        to.append(std::as_bytes(std::span(text)));
    }
};

} // namespace coda::pg
