// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

#include <array>

/// Arrays: std::vector, std::array, and as a parameter std::span; inside of each other for more dimensions; of
/// std::optional where there are NULLs.
namespace coda::pg::detail {

// What an array is made of, and how many dimensions it has.
template <class A>
struct array_traits {
    using element = A;
    static constexpr std::size_t dimensions = 0;
};
template <class E>
struct nested_array_traits {
    using element = typename array_traits<E>::element;
    static constexpr std::size_t dimensions = array_traits<E>::dimensions + 1;
};
template <class E, class Allocator>
    requires(!std::is_same_v<E, std::byte>)
struct array_traits<std::vector<E, Allocator>> : nested_array_traits<E> {};
template <class E, std::size_t N>
    requires(!std::is_same_v<E, std::byte>)
struct array_traits<std::array<E, N>> : nested_array_traits<E> {};
template <class E>
    requires(!std::is_same_v<E, std::byte const>)
struct array_traits<std::span<E>> : nested_array_traits<std::remove_const_t<E>> {};

template <class A>
inline constexpr bool is_span = false;
template <class E>
inline constexpr bool is_span<std::span<E>> = true;

inline constexpr std::size_t most_dimensions = 6; // MAXDIM

template <class A>
concept array = array_traits<A>::dimensions > 0;

template <array A>
inline constexpr bool holds_views<A> = holds_views<typename array_traits<A>::element>;

// How many there are in each dimension, from the outermost one on.
template <std::size_t Dimensions>
using array_shape = std::array<std::size_t, Dimensions>;

// What stands before the elements.
struct array_header {
    std::size_t dimensions = 0; // 0: it is empty
    oid element = 0;
    array_shape<most_dimensions> shape{};
};

// False: it is none, or one that cannot have so many elements.
bool read_array_header(decoder& parts, array_header& to) noexcept;
void write_array_header(std::span<std::size_t const> shape, oid element, encoder& to);

template <array A>
bool read_elements(decoder& parts, array_header const& header, std::size_t dimension, A& to) {
    std::size_t const size = header.shape[dimension];
    if constexpr (requires { to.resize(size); })
        to.resize(size);
    else if (to.size() != size)
        return false;
    for (std::size_t i = 0; i < size; ++i) {
        if constexpr (std::is_same_v<A, std::vector<bool>>) {
            bool bit = false;
            if (!parts.read_value(header.element, bit)) return false;
            to[i] = bit;
        } else if constexpr (array_traits<A>::dimensions > 1) {
            if (!read_elements(parts, header, dimension + 1, to[i])) return false;
        } else {
            if (!parts.read_value(header.element, to[i])) return false;
        }
    }
    return true;
}

// Takes the sizes from the first of each; false where another one has other sizes.
template <array A, std::size_t Dimensions>
bool measure(A const& from, std::size_t dimension, bool first, array_shape<Dimensions>& to) {
    if (first) to[dimension] = from.size();
    if (to[dimension] != from.size()) return false;
    if constexpr (array_traits<A>::dimensions > 1)
        for (std::size_t i = 0; i < from.size(); ++i)
            if (!measure(from[i], dimension + 1, first && i == 0, to)) return false;
    return true;
}

template <array A>
void write_elements(A const& from, encoder& to) {
    for (std::size_t i = 0; i < from.size(); ++i)
        if constexpr (array_traits<A>::dimensions > 1)
            write_elements(from[i], to);
        else if constexpr (std::is_same_v<A, std::vector<bool>>)
            to.append_value(static_cast<bool>(from[i]));
        else
            to.append_value(from[i]);
}

} // namespace coda::pg::detail

namespace coda::pg {

/// An array. Where its subscripts begin is not kept; an array without elements has no sizes in the inner dimensions.
template <class A>
    requires detail::array<A>
struct codec<A> {
private:
    using traits = detail::array_traits<A>;
    using element = typename detail::unwrap_optional<typename traits::element>::type;
    static_assert(traits::dimensions <= detail::most_dimensions,
                  "PostgreSQL's arrays have at most 6 dimensions, and each std::vector, std::array or std::span inside "
                  "of another is one");

public:
    static constexpr oid type = detail::array_of(detail::nested_type<element>);
    static std::string name() { return detail::name_of<element>() + "[]"; }
    static constexpr bool reads(oid sent) {
        oid const its = detail::element_of(sent);
        return detail::is_user_defined(sent) || (its != type::any && detail::reads<element>(its));
    }

    static bool decode(bytes from, oid, A& to) {
        static_assert(!detail::is_span<A>, "a std::span is a parameter only: read the column as std::vector");
        decoder parts(from);
        detail::array_header header;
        if (!detail::read_array_header(parts, header) || !detail::reads<element>(header.element)) return false;
        if (header.dimensions != traits::dimensions && header.dimensions != 0) return false;
        return detail::read_elements(parts, header, 0, to) && parts.at_end();
    }
    static void encode(A const& value, encoder& to) {
        detail::array_shape<traits::dimensions> shape{};
        if (!detail::measure(value, 0, true, shape))
            return to.refuse("is an array of arrays that are not all equally long");
        detail::write_array_header(shape, detail::nested_type<element>, to);
        detail::write_elements(value, to);
    }
};

} // namespace coda::pg
