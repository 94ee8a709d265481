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

// What its parameters take on the wire, in bytes, about.
std::size_t size_of(statement_view const& s) noexcept;

// An array that lives elsewhere.
template <class T>
struct referred {
    referred(T const& to) noexcept : value(&to) {}
    T const* value;
};

} // namespace coda::pg::detail

namespace coda::pg {

template <class T>
struct codec<detail::referred<T>> {
    static constexpr oid type = codec<T>::type;
    static void encode(detail::referred<T> from, encoder& to) { codec<T>::encode(*from.value, to); }
};

} // namespace coda::pg

namespace coda::pg::detail {

// How an argument is kept until it is sent: texts and vectors that the caller owns are referred to, what he gave away
// is kept.
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
template <class E, class Allocator>
    requires(!std::is_same_v<E, std::byte>)
struct kept<std::vector<E, Allocator>&> {
    using type = referred<std::vector<E, Allocator>>;
};
template <class E, class Allocator>
    requires(!std::is_same_v<E, std::byte>)
struct kept<std::vector<E, Allocator> const&> {
    using type = referred<std::vector<E, Allocator>>;
};

// Room for one such parameter where it is small; what is longer goes to the heap.
template <class T>
constexpr std::size_t usual_size() {
    if constexpr (unwrap_optional<T>::nullable)
        return usual_size<typename unwrap_optional<T>::type>();
    else if constexpr (!is_binary<T>() || std::is_same_v<T, bytes> || std::is_same_v<T, std::vector<std::byte>>)
        return 0; // referred to
    else
        return std::clamp<std::size_t>(sizeof(T), 8, 32);
}

// Parameter number `at` (from 0), of that size, may be sent, or why not; `total` counts the bytes of all.
result<> check_parameter(std::size_t at, encoder const& from, std::size_t size, std::size_t& total);

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
        encoder_ = encoder(storage_);
        std::size_t total = 0;
        encode_all(std::make_index_sequence<count>(), total, good);
        if (good.has_error()) return good.error();
        find_appended();
        return statement_view{sql, types, pointers_.data(), lengths_.data(), formats_.data()};
    }

private:
    // Stands for a value in encoder_, which moves while it grows.
    static constexpr char appended = 0;

    template <std::size_t... I>
    void encode_all(std::index_sequence<I...>, std::size_t& total, result<>& good) {
        (..., (good.has_value() ? encode_one(I, std::get<I>(values_), total, good) : void()));
    }

    template <class V>
    void encode_one(std::size_t at, V const& value, std::size_t& total, result<>& good) {
        if constexpr (unwrap_optional<V>::nullable) {
            if (value) encode_one(at, *value, total, good);
        } else {
            if constexpr (std::is_same_v<V, terminated_text>)
                if (value.view.data() == nullptr) return;
            auto const begin = encoder_.appended().size();
            codec<V>::encode(value, encoder_);
            auto const elsewhere = encoder_.take_referred();
            pointers_[at] = elsewhere ? reinterpret_cast<char const*>(elsewhere->data()) : &appended;
            auto const size = elsewhere ? elsewhere->size() : encoder_.appended().size() - begin;
            lengths_[at] = static_cast<int>(size);
            formats_[at] = is_binary<V>();
            if (!is_binary<V>() && !elsewhere) encoder_.append_integer('\0'); // libpq looks for the end of a text
            good = check_parameter(at, encoder_, size, total);
        }
    }

    void find_appended() noexcept {
        auto const* next = reinterpret_cast<char const*>(encoder_.appended().data());
        for (std::size_t i = 0; i < count; ++i) {
            if (pointers_[i] != &appended) continue;
            if (lengths_[i] > 0) pointers_[i] = next; // else where it is does: not null, and a zero byte
            next += lengths_[i] + (formats_[i] == 0 ? 1 : 0);
        }
    }

    static constexpr std::array<oid, count> types{codec<typename unwrap_optional<T>::type>::type...};
    std::tuple<T...> values_;
    std::array<std::byte, (std::size_t{0} + ... + usual_size<T>())> storage_{}; // g++ 12 warns of moving it unset
    encoder encoder_;
    std::array<char const*, count> pointers_{};
    std::array<int, count> lengths_{};
    std::array<int, count> formats_{};
};

// What a statement with such arguments keeps them in.
template <class... Args>
struct parameters_of {
    using type = parameters<typename kept<Args>::type...>;
};
template <class... Args>
using parameters_for = typename parameters_of<Args...>::type;

} // namespace coda::pg::detail
