// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec.hpp>
#include <coda/runtime/error.hpp>

#include <tuple>
#include <utility>

namespace coda::pg::detail {

// A statement with its parameters as libpq takes them. Refers to texts and arrays of its maker.
struct statement_view {
    std::string_view sql;
    std::span<oid const> types;
    char const* const* values = nullptr; // null: NULL
    int const* lengths = nullptr;
    int const* formats = nullptr;
};

// How an argument is kept until it is sent: what the caller owns is referred to, what he gave away is kept.
template <class Arg>
struct kept {
    using type = std::remove_cvref_t<Arg>;
};
template <class Arg>
    requires std::is_convertible_v<Arg, char const*>
struct kept<Arg> {
    using type = terminated_text;
};
template <class Arg>
    requires(std::is_same_v<std::remove_cvref_t<Arg>, std::string> && std::is_lvalue_reference_v<Arg>)
struct kept<Arg> {
    using type = terminated_text;
};
template <class Arg>
    requires std::is_same_v<std::remove_cvref_t<Arg>, std::string_view>
struct kept<Arg> {
    using type = std::string;
};
template <class Arg>
    requires(std::is_same_v<std::remove_cvref_t<Arg>, std::vector<std::byte>> && std::is_lvalue_reference_v<Arg>)
struct kept<Arg> {
    using type = bytes;
};

// PostgreSQL takes no message of 1 GB or more; this leaves room for what is beside the parameters.
inline constexpr std::size_t largest_message = (std::size_t{1} << 30) - (std::size_t{1} << 20);

// Parameter number `at` (from 0) as it is to be sent, or why not; `total` counts the bytes of all.
result<> check_parameter(std::size_t at, bytes encoded, bool binary, std::size_t& total);

// The text of a statement, or why it cannot be sent.
result<> check_sql(std::string_view sql);

// The values of one statement's parameters and, once encoded, the arrays that libpq wants. Stays where it is from then
// on, and outlives the sending.
template <class... T>
class parameters {
    static constexpr std::size_t count = sizeof...(T);

public:
    template <class... Args>
    explicit parameters(std::in_place_t, Args&&... args) : values_(std::forward<Args>(args)...) {}

    // errc::invalid_argument, naming the parameter, when a value cannot be sent.
    result<statement_view> encode(std::string_view sql) {
        result<> good = check_sql(sql);
        encode_all(std::make_index_sequence<count>(), good);
        if (good.has_error()) return good.error();
        return statement_view{sql, types, pointers_.data(), lengths_.data(), formats_.data()};
    }

private:
    template <class V>
    using codec_of = codec<typename unwrap_optional<V>::type>;

    template <std::size_t... I>
    void encode_all(std::index_sequence<I...>, [[maybe_unused]] result<>& good) {
        ((good.has_value() ? void(good = encode_one(I, std::get<I>(values_))) : void()), ...);
    }

    template <class V>
    result<> encode_one(std::size_t at, V const& value) {
        if constexpr (unwrap_optional<V>::nullable) {
            return value ? encode_one(at, *value) : result<>();
        } else {
            if constexpr (std::is_same_v<V, terminated_text>)
                if (value.view.data() == nullptr) return {};
            bytes const encoded = codec_of<V>::encode(value, scratch_[at]);
            pointers_[at] = encoded.data() != nullptr ? reinterpret_cast<char const*>(encoded.data()) : "";
            lengths_[at] = static_cast<int>(encoded.size());
            formats_[at] = codec_of<V>::binary;
            return check_parameter(at, encoded, codec_of<V>::binary, total_);
        }
    }

    static constexpr std::array<oid, count> types{codec_of<T>::type...};
    std::tuple<T...> values_;
    std::array<std::array<std::byte, 8>, count> scratch_{}; // g++ 12 warns of moving it unset
    std::array<char const*, count> pointers_{};
    std::array<int, count> lengths_{};
    std::array<int, count> formats_{};
    std::size_t total_ = 0;
};

template <class... Args>
using parameters_for = parameters<typename kept<Args>::type...>;

} // namespace coda::pg::detail
