// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

#include <compare>

/// Exact decimal numbers.
///
///     auto price = co_await db.query_one<coda::pg::numeric>("select price from goods where id = $1", id);
///     fmt::print("{}", price.to_string());
namespace coda::pg {

/// A number as PostgreSQL's numeric has it: up to 131,072 decimal digits before the point and 16,383 after it, NaN, or
/// an infinity. It does not calculate: that is for the server, or for a library of such numbers. Up to 28 digits are
/// kept in the object itself.
class numeric {
public:
    /// 0.
    numeric() noexcept = default;
    /// A whole number.
    template <std::integral I>
        requires(!std::is_same_v<I, bool> && sizeof(I) <= 8)
    numeric(I value) : numeric(value < 0, magnitude(value)) {}

    /// Reads what SQL writes, "-12.50" or "1.5e-3", also "NaN", "Infinity", "-Infinity". Nothing where `text` is no
    /// number, or has more digits than PostgreSQL keeps.
    static std::optional<numeric> parse(std::string_view text);
    /// The shortest decimal number that is read as this double.
    static numeric from_double(double value);
    /// Not a number.
    static numeric nan() noexcept;
    /// Above every number.
    static numeric infinity() noexcept;

    /// As SQL writes it, with `scale` digits after the point: "-12.50". What parse reads.
    std::string to_string() const;
    /// Where it is a whole number of that range.
    std::optional<std::int64_t> to_int64() const noexcept;
    /// The nearest double; an infinity beyond its range.
    double to_double() const;

    bool is_nan() const noexcept { return kind_ == kind::nan; }
    bool is_infinite() const noexcept { return kind_ == kind::infinite; }
    bool is_negative() const noexcept { return negative_; }
    /// Decimal digits that are shown after the point.
    int scale() const noexcept { return scale_; }

    /// The opposite of it.
    numeric operator-() const;

    /// By value, as SQL compares: 1.0 is 1.00, NaN is NaN and above everything.
    friend std::weak_ordering operator<=>(numeric const& a, numeric const& b) noexcept;
    friend bool operator==(numeric const& a, numeric const& b) noexcept { return (a <=> b) == 0; }

private:
    friend struct codec<numeric>;
    enum class kind : std::uint8_t { finite, infinite, nan };

    numeric(bool negative, std::uint64_t magnitude);
    template <class I>
    static constexpr std::uint64_t magnitude(I value) noexcept {
        auto const wide = static_cast<std::uint64_t>(value);
        return value < 0 ? 0 - wide : wide;
    }
    std::weak_ordering compare_magnitude(numeric const& other) const noexcept;
    int group_at(int position) const noexcept; // of four digits, that many groups before the point
    void strip();

    // Groups of four decimal digits, the first one at position weight_, without zeros at either end. A string of small
    // units, because it keeps a few of them in itself.
    std::u16string digits_;
    std::int16_t weight_ = 0;
    std::uint16_t scale_ = 0;
    bool negative_ = false;
    kind kind_ = kind::finite;
};

/// numeric. Columns of integers are read as integers.
template <>
struct codec<numeric> {
    static constexpr oid type = type::numeric;
    static constexpr bool reads(oid sent) noexcept { return sent == type::numeric; }
    static bool decode(bytes from, oid sent, numeric& to);
    static void encode(numeric const& value, encoder& to);
};

} // namespace coda::pg
