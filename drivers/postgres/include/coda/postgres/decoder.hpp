// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/big_endian.hpp>
#include <coda/postgres/type.hpp>

#include <optional>

/// Reads the parts of a value that has several, and never beyond its end.
///
///     static bool decode(bytes from, oid, point& to) {
///         coda::pg::decoder parts(from);
///         return parts.read(to.x) && parts.read(to.y) && parts.at_end();
///     }
namespace coda::pg {

template <class T>
struct codec;

/// A place in the bytes of a value. What does not fit gives false, and leaves `to` as it was.
class decoder {
public:
    explicit decoder(bytes from) noexcept : left_(from) {}

    /// An integer in network order.
    template <std::integral I>
    bool read(I& to) noexcept {
        if (left_.size() < sizeof to) return false;
        to = static_cast<I>(detail::load_big_endian<std::make_unsigned_t<I>>(left_));
        left_ = left_.subspan(sizeof to);
        return true;
    }
    /// IEEE 754, in network order.
    bool read(float& to) noexcept {
        std::uint32_t bits = 0;
        if (!read(bits)) return false;
        to = std::bit_cast<float>(bits);
        return true;
    }
    bool read(double& to) noexcept {
        std::uint64_t bits = 0;
        if (!read(bits)) return false;
        to = std::bit_cast<double>(bits);
        return true;
    }
    /// The next `size` bytes, as a view.
    bool read(std::size_t size, bytes& to) noexcept {
        if (left_.size() < size) return false;
        to = left_.first(size);
        left_ = left_.subspan(size);
        return true;
    }

    /// A value inside another, sent as that type: its length, then what its codec reads. NULL needs an std::optional.
    template <class T>
    bool read_value(oid sent, T& to) {
        std::optional<bytes> value;
        return read_nullable(value) && value && codec<T>::decode(*value, sent, to);
    }
    template <class T>
    bool read_value(oid sent, std::optional<T>& to) {
        std::optional<bytes> value;
        if (!read_nullable(value)) return false;
        if (value) return codec<T>::decode(*value, sent, to.emplace());
        to.reset();
        return true;
    }

    /// How many bytes are left.
    std::size_t left() const noexcept { return left_.size(); }
    /// Whether there are none.
    bool at_end() const noexcept { return left_.empty(); }

private:
    bool read_nullable(std::optional<bytes>& to) noexcept {
        std::int32_t length = 0;
        if (!read(length) || length < -1) return false;
        if (length == -1) return true;
        bytes value;
        if (!read(static_cast<std::size_t>(length), value)) return false;
        to = value;
        return true;
    }

    bytes left_;
};

} // namespace coda::pg
