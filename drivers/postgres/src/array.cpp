// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/codec/array.hpp>

#include <limits>

namespace coda::pg::detail {

// The sizes are believed only as far as there are bytes: each element has at least its length.
bool read_array_header(decoder& parts, array_header& to) noexcept {
    std::int32_t dimensions = 0, has_nulls = 0;
    if (!parts.read(dimensions) || !parts.read(has_nulls) || !parts.read(to.element)) return false;
    if (dimensions < 0 || dimensions > static_cast<std::int32_t>(most_dimensions)) return false;
    to.dimensions = static_cast<std::size_t>(dimensions);
    std::size_t elements = 1;
    for (std::size_t i = 0; i < to.dimensions; ++i) {
        std::int32_t size = 0, first_subscript = 0;
        if (!parts.read(size) || !parts.read(first_subscript) || size < 1) return false;
        to.shape[i] = static_cast<std::size_t>(size);
        if (__builtin_mul_overflow(elements, to.shape[i], &elements)) return false;
    }
    return to.dimensions == 0 || elements <= parts.left() / sizeof(std::int32_t);
}

void write_array_header(std::span<std::size_t const> shape, oid element, encoder& to) {
    bool const empty = std::ranges::find(shape, std::size_t{0}) != shape.end();
    to.append_integer(static_cast<std::int32_t>(empty ? 0 : shape.size()));
    to.append_integer(std::int32_t{0}); // whether there are NULLs: the server looks for itself
    to.append_integer(element);
    if (empty) return;
    for (std::size_t const size : shape) {
        if (size > std::size_t{std::numeric_limits<std::int32_t>::max()})
            return to.refuse("is an array of too many elements");
        to.append_integer(static_cast<std::int32_t>(size));
        to.append_integer(std::int32_t{1});
    }
}

} // namespace coda::pg::detail
