// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/frame_allocator.hpp>
#include <coda/runtime/error.hpp>

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace coda::redis::detail {

// A command as hiredis takes it: the name first. Refers to texts and arrays of its maker.
struct command_view {
    std::size_t count = 0;
    char const* const* texts = nullptr;
    std::size_t const* lengths = nullptr;

    std::string_view operator[](std::size_t i) const noexcept { return {texts[i], lengths[i]}; }
};

// Where a command may run: some change or block the connection for all who share it.
enum class sharing : unsigned char { shared, exclusive };

// errc::needs_own_connection or unsupported_command, saying what to use instead, or coda::errc::invalid_argument.
result<> check_command(command_view command, sharing where);

// Whether the server may be long in answering, on purpose: until an element comes, or replicas have followed. Of a
// command that passed `check_command`.
bool may_block(command_view command) noexcept;

// coda::errc::invalid_argument for more than a server takes; `total` is the number of bytes.
result<> check_size(std::size_t count, std::size_t total);

// A number in its text form.
class number_text {
public:
    template <class T>
    explicit number_text(T value) noexcept {
        auto const end = std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr;
        length_ = static_cast<unsigned char>(end - text_.data());
    }
    operator std::string_view() const noexcept { return {text_.data(), length_}; }

private:
    std::array<char, 31> text_{}; // g++ 12 warns of moving it unset
    unsigned char length_ = 0;
};

// A range that the caller keeps.
template <class R>
struct referred_range {
    R const* range;
    explicit referred_range(R const& r) noexcept : range(&r) {}
    auto begin() const { return std::ranges::begin(*range); }
    auto end() const { return std::ranges::end(*range); }
};

template <class T>
concept text_like = std::convertible_to<T const&, std::string_view>;

template <class T>
concept text_range =
    !text_like<T> && std::ranges::forward_range<T const> && text_like<std::ranges::range_value_t<T const>>;

// Whose texts are there as long as it is, and not made on the way.
template <class R>
inline constexpr bool is_lasting = std::is_lvalue_reference_v<std::ranges::range_reference_t<R const>> ||
                                   std::same_as<std::ranges::range_value_t<R const>, std::string_view> ||
                                   std::is_pointer_v<std::ranges::range_value_t<R const>>;

template <class T>
concept number_like = (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>) || std::floating_point<T>;

// How an argument is kept until it is sent: what the caller owns is referred to, what he gave away is kept.
template <class Arg>
struct kept {
    static_assert(sizeof(Arg) == 0, "a Redis argument is what converts to std::string_view, an integer, a floating "
                                    "point number, a range of texts, or an std::optional of a text or a number");
};
template <class Arg>
    requires text_like<std::remove_cvref_t<Arg>>
struct kept<Arg> {
    using plain = std::remove_cvref_t<Arg>;
    static constexpr bool given_away =
        !std::is_lvalue_reference_v<Arg> && std::is_class_v<plain> && !std::same_as<plain, std::string_view>;
    using type = std::conditional_t<given_away, plain, std::string_view>;
};
template <class Arg>
    requires number_like<std::remove_cvref_t<Arg>>
struct kept<Arg> {
    using type = number_text;
};
template <class Arg>
    requires text_range<std::remove_cvref_t<Arg>>
struct kept<Arg> {
    using plain = std::remove_cvref_t<Arg>;
    using range = std::conditional_t<std::is_lvalue_reference_v<Arg>, referred_range<plain>, plain>;
    using type = std::conditional_t<is_lasting<plain>, range, std::vector<std::string>>;
};
template <class T>
struct optional_kept;
template <class Arg>
    requires requires { typename optional_kept<std::remove_cvref_t<Arg>>::type; }
struct kept<Arg> {
    using type = typename optional_kept<std::remove_cvref_t<Arg>>::type;
};
template <number_like T>
struct optional_kept<std::optional<T>> {
    using type = std::optional<number_text>;
};
template <text_like T>
struct optional_kept<std::optional<T>> {
    using type = std::optional<T>;
};

template <class R>
std::vector<std::string> copied(R const& range) {
    std::vector<std::string> texts;
    for (auto const& text : range) texts.emplace_back(text);
    return texts;
}

template <class To, class From>
To keep(From&& from) {
    if constexpr (std::same_as<To, std::optional<number_text>>)
        return from ? To(std::in_place, *from) : To();
    else if constexpr (std::same_as<To, std::vector<std::string>> && !std::same_as<std::remove_cvref_t<From>, To>)
        return copied(std::as_const(from));
    else
        return To(std::forward<From>(from));
}

// Memory for as long as a command is sent: where coroutine frames come from, so that a warm program takes none from the
// heap, but for arrays that are larger than those (detail::largest_frame_kept).
template <class T>
struct recycled {
    using value_type = T;
    T* allocate(std::size_t count) { return static_cast<T*>(coda::detail::allocate_frame(count * sizeof(T))); }
    void deallocate(T* p, std::size_t count) noexcept { coda::detail::free_frame(p, count * sizeof(T)); }
    friend bool operator==(recycled, recycled) noexcept { return true; }
};

// The arguments of one command and, once encoded, the arrays that hiredis wants. Stays where it is from then on, and
// outlives the sending.
template <class... K>
class arguments {
    static constexpr bool fixed = (!text_range<K> && ...);

public:
    template <class... Args>
    explicit arguments(std::in_place_t, Args&&... args) : values_(keep<K>(std::forward<Args>(args))...) {}

    result<command_view> encode() {
        if constexpr (!fixed) {
            std::size_t const bound = std::apply([](auto const&... v) { return (bound_of(v) + ...); }, values_);
            texts_.resize(bound);
            lengths_.resize(bound);
        }
        std::apply([&](auto const&... value) { (add(value), ...); }, values_);
        if (auto const good = check_size(count_, total_); good.has_error()) return good.error();
        return command_view{count_, texts_.data(), lengths_.data()};
    }

private:
    template <class T>
    using array_of = std::conditional_t<fixed, std::array<T, sizeof...(K)>, std::vector<T, recycled<T>>>;

    template <class T>
    static std::size_t bound_of(T const& value) {
        if constexpr (text_range<T>)
            return static_cast<std::size_t>(std::ranges::distance(value.begin(), value.end()));
        else
            return 1;
    }
    template <class T>
    void add(T const& value) {
        if constexpr (text_range<T>) {
            for (std::string_view const text : value) add(text);
        } else {
            std::string_view const text = value;
            texts_[count_] = text.data() != nullptr ? text.data() : "";
            lengths_[count_] = text.size();
            total_ += text.size();
            ++count_;
        }
    }
    template <class T>
    void add(std::optional<T> const& value) {
        if (value) add(*value);
    }

    std::tuple<K...> values_;
    array_of<char const*> texts_{};
    array_of<std::size_t> lengths_{};
    std::size_t count_ = 0;
    std::size_t total_ = 0;
};

template <class... Args>
using arguments_for = arguments<typename kept<Args>::type...>;

} // namespace coda::redis::detail
