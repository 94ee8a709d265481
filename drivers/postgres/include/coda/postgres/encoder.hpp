// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/big_endian.hpp>
#include <coda/postgres/type.hpp>

#include <memory>
#include <optional>

/// Where a `codec` writes the binary form of a parameter.
///
///     static void encode(point const& p, coda::pg::encoder& to) {
///         to.append_float(p.x);
///         to.append_float(p.y);
///     }
namespace coda::pg {

template <class T>
struct codec;

namespace detail {
// PostgreSQL takes no message of 1 GB or more; this leaves room for what is beside the parameters.
inline constexpr std::size_t largest_message = (std::size_t{1} << 30) - (std::size_t{1} << 20);
} // namespace detail

/// The parameters of one statement, one behind the other. Small ones go into storage that is part of the statement;
/// long texts and byte strings are referred to. Move only what is empty.
class encoder {
public:
    /// Begins on the heap.
    encoder() noexcept = default;
    /// Begins in `storage`, which must stay where it is.
    explicit encoder(std::span<std::byte> storage) noexcept : data_(storage.data()), capacity_(storage.size()) {}

    /// Appends these bytes.
    void append(bytes value) {
        if (!make_room(value.size()) || value.empty()) return;
        std::memcpy(data_ + size_, value.data(), value.size());
        size_ += value.size();
    }
    /// Appends an integer of 1, 2, 4 or 8 bytes in network order.
    template <std::integral I>
    void append_integer(I value) {
        if (!make_room(sizeof value)) return;
        detail::store_big_endian(static_cast<std::make_unsigned_t<I>>(value), data_ + size_);
        size_ += sizeof value;
    }
    /// Appends a float or double as IEEE 754 has it, in network order.
    void append_float(float value) { append_integer(std::bit_cast<std::uint32_t>(value)); }
    void append_float(double value) { append_integer(std::bit_cast<std::uint64_t>(value)); }

    /// The whole of a parameter, without a copy where it is not part of another value: it must then outlive the
    /// statement.
    void refer(bytes value) {
        if (depth_ > 0) return append(value);
        referred_ = value.data() != nullptr ? value : bytes(&nothing, 0);
    }
    /// The same for a text, which must be followed by a zero byte; refused if it has one inside.
    void refer_text(std::string_view text);
    /// Copies a text, which need not be followed by a zero byte; refused if it has one inside.
    void append_text(std::string_view text);

    /// A value inside another (an array's element, a composite's field): its length, then what its codec writes; NULL
    /// for an empty std::optional.
    template <class T>
    void append_value(T const& value) {
        auto const begin = begin_value();
        codec<T>::encode(value, *this);
        end_value(begin);
    }
    template <class T>
    void append_value(std::optional<T> const& value) {
        if (value) return append_value(*value);
        append_integer(std::int32_t{-1});
    }

    /// The value cannot be sent: the statement ends with coda::errc::invalid_argument, saying "parameter $1" and `why`,
    /// which is kept by address.
    void refuse(char const* why) noexcept {
        if (refused_ == nullptr) refused_ = why;
    }
    /// Why, or nullptr.
    char const* refused() const noexcept { return refused_; }

    /// What was appended so far. Valid until more is.
    bytes appended() const noexcept { return {data_, size_}; }
    /// What the last parameter refers to instead, once.
    std::optional<bytes> take_referred() noexcept { return std::exchange(referred_, std::nullopt); }

private:
    static constexpr std::byte nothing{};

    bool make_room(std::size_t more) { return more <= capacity_ - size_ && refused_ == nullptr ? true : grow(more); }
    bool grow(std::size_t more);
    std::size_t begin_value(); // gives where it begins, behind its length
    void end_value(std::size_t begin);

    std::unique_ptr<std::byte[]> heap_;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    int depth_ = 0;
    char const* refused_ = nullptr;
    std::optional<bytes> referred_;
};

} // namespace coda::pg
