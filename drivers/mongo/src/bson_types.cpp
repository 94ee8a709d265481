// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/bson/types.hpp>

#include <bson/bson.h>

#include <cstring>

namespace coda::bson {

std::string_view to_string(type t) noexcept {
    switch (t) {
    case type::double_: return "double";
    case type::string: return "string";
    case type::document: return "document";
    case type::array: return "array";
    case type::binary: return "binary";
    case type::undefined: return "undefined";
    case type::object_id: return "objectId";
    case type::boolean: return "bool";
    case type::date: return "date";
    case type::null: return "null";
    case type::regex: return "regex";
    case type::db_pointer: return "dbPointer";
    case type::code: return "javascript";
    case type::symbol: return "symbol";
    case type::code_with_scope: return "javascriptWithScope";
    case type::int32: return "int32";
    case type::timestamp: return "timestamp";
    case type::int64: return "int64";
    case type::decimal128: return "decimal128";
    case type::max_key: return "maxKey";
    case type::min_key: return "minKey";
    }
    return "invalid";
}

namespace {

bson_oid_t native(object_id const& id) noexcept {
    bson_oid_t oid;
    std::memcpy(oid.bytes, id.bytes().data(), sizeof oid.bytes);
    return oid;
}

object_id from_native(bson_oid_t const& oid) noexcept {
    std::array<std::byte, 12> bytes;
    std::memcpy(bytes.data(), oid.bytes, sizeof oid.bytes);
    return object_id(bytes);
}

} // namespace

object_id object_id::generate() noexcept {
    bson_oid_t oid;
    bson_oid_init(&oid, nullptr); // nullptr: libbson's default context, which threads may share
    return from_native(oid);
}

result<object_id> object_id::from_hex(std::string_view digits) {
    // libbson also takes any twelve characters, and wants a zero byte after the digits.
    std::array<char, 25> text{};
    if (digits.size() == text.size() - 1) {
        std::memcpy(text.data(), digits.data(), digits.size());
        if (bson_oid_is_valid(text.data(), digits.size())) {
            bson_oid_t oid;
            bson_oid_init_from_string(&oid, text.data());
            return from_native(oid);
        }
    }
    return error(coda::errc::invalid_argument, "an object id is 24 hexadecimal digits");
}

std::string object_id::hex() const {
    std::array<char, 25> text;
    auto const oid = native(*this);
    bson_oid_to_string(&oid, text.data());
    return text.data();
}

std::chrono::sys_seconds object_id::created() const noexcept {
    auto const oid = native(*this);
    return std::chrono::sys_seconds(std::chrono::seconds(bson_oid_get_time_t(&oid)));
}

result<decimal128> decimal128::from_string(std::string_view text) {
    // Longer ones exist (zeros), but libbson takes the length as an int.
    constexpr std::size_t longest = 4096;
    bson_decimal128_t d;
    if (text.empty() || text.size() > longest ||
        !bson_decimal128_from_string_w_len(text.data(), static_cast<int>(text.size()), &d))
        return error(coda::errc::invalid_argument, "the text is no decimal number of at most 34 digits");
    return decimal128(d.high, d.low);
}

std::string decimal128::to_string() const {
    bson_decimal128_t d;
    d.high = high_;
    d.low = low_;
    std::array<char, BSON_DECIMAL128_STRING> text;
    bson_decimal128_to_string(&d, text.data());
    return text.data();
}

} // namespace coda::bson

std::size_t std::hash<coda::bson::object_id>::operator()(coda::bson::object_id const& id) const noexcept {
    auto const& bytes = id.bytes();
    return std::hash<std::string_view>()({reinterpret_cast<char const*>(bytes.data()), bytes.size()});
}
