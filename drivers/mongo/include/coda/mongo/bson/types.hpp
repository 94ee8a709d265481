// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The types of BSON that C++ has no type of its own for.
namespace coda::bson {

/// The most bytes a document may have: what a server takes in a command (16 MiB of user data and 16 KiB around it).
inline constexpr std::size_t max_size = (16u << 20) + (16u << 10);
/// How deep documents may be nested: in bytes from elsewhere, and in what one builder or struct makes.
inline constexpr std::size_t max_depth = 200;

/// The type of a value, with the number it has on the wire.
enum class type : std::uint8_t {
    double_ = 0x01,
    string = 0x02,
    document = 0x03,
    array = 0x04,
    binary = 0x05,
    undefined = 0x06, ///< deprecated by MongoDB
    object_id = 0x07,
    boolean = 0x08,
    date = 0x09,
    null = 0x0a,
    regex = 0x0b,
    db_pointer = 0x0c, ///< deprecated: passed on, not read
    code = 0x0d,
    symbol = 0x0e,          ///< deprecated: passed on, not read
    code_with_scope = 0x0f, ///< deprecated: passed on, not read
    int32 = 0x10,
    timestamp = 0x11,
    int64 = 0x12,
    decimal128 = 0x13,
    max_key = 0x7f,
    min_key = 0xff,
};

/// The name as MongoDB spells it ("objectId", "int"), with the sizes of numbers: "int32", "int64".
std::string_view to_string(type) noexcept;

/// A moment, in milliseconds since 1970 (negative before). From another clock's or a finer moment: std::chrono::floor.
using date = std::chrono::sys_time<std::chrono::milliseconds>;

/// Twelve bytes that name a document: seconds since 1970, a number of the process, a counter.
class object_id {
public:
    /// Twelve zero bytes.
    constexpr object_id() noexcept = default;
    constexpr explicit object_id(std::array<std::byte, 12> const& bytes) noexcept : bytes_(bytes) {}

    /// A new one, different from all others. From any thread.
    static object_id generate() noexcept;
    /// From 24 hexadecimal digits; coda::errc::invalid_argument for anything else.
    static result<object_id> from_hex(std::string_view digits);

    /// 24 hexadecimal digits in lower case.
    std::string hex() const;
    /// When it was generated, by the clock of whoever did.
    std::chrono::sys_seconds created() const noexcept;
    constexpr std::array<std::byte, 12> const& bytes() const noexcept { return bytes_; }

    friend constexpr bool operator==(object_id const&, object_id const&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(object_id const&, object_id const&) noexcept = default;

private:
    std::array<std::byte, 12> bytes_{};
};

/// A decimal floating point number of 34 digits (IEEE 754, binary integer encoding). Compared by its bits: 1.0 and 1.00
/// differ.
class decimal128 {
public:
    /// Zero.
    constexpr decimal128() noexcept = default;
    constexpr decimal128(std::uint64_t high, std::uint64_t low) noexcept : high_(high), low_(low) {}

    /// From a text such as "-12.50", "1E+3", "NaN", "Infinity"; coda::errc::invalid_argument where it is no number or
    /// has too many digits.
    static result<decimal128> from_string(std::string_view text);
    std::string to_string() const;

    constexpr std::uint64_t high() const noexcept { return high_; }
    constexpr std::uint64_t low() const noexcept { return low_; }

    friend constexpr bool operator==(decimal128 const&, decimal128 const&) noexcept = default;

private:
    std::uint64_t high_ = 0x3040000000000000; // the exponent 0, which is stored with a bias
    std::uint64_t low_ = 0;
};

// binary, regex and code have constructors because g++ 12 destroys aggregates with members such as these twice when
// they stand inside a co_await.

/// Bytes with a subtype: 0 for any, 4 for a UUID, 0x80 and above for one's own.
struct binary {
    binary() noexcept = default;
    explicit binary(std::vector<std::byte> bytes, std::uint8_t kind = 0) noexcept
        : data(std::move(bytes)), subtype(kind) {}

    std::vector<std::byte> data;
    std::uint8_t subtype = 0;

    friend bool operator==(binary const&, binary const&) = default;
};

/// The same, in a document that it must not outlive.
struct binary_view {
    std::span<std::byte const> data;
    std::uint8_t subtype = 0;
};

/// A regular expression. No zero bytes; the options are stored in alphabetical order.
struct regex {
    regex() noexcept = default;
    explicit regex(std::string text, std::string flags = {}) noexcept
        : pattern(std::move(text)), options(std::move(flags)) {}

    std::string pattern;
    std::string options;

    friend bool operator==(regex const&, regex const&) = default;
};

/// JavaScript.
struct code {
    code() noexcept = default;
    explicit code(std::string script) noexcept : text(std::move(script)) {}

    std::string text;

    friend bool operator==(code const&, code const&) = default;
};

/// MongoDB's internal logical time; for moments use `date`.
struct timestamp {
    std::uint32_t seconds = 0;
    std::uint32_t increment = 0;

    friend constexpr auto operator<=>(timestamp const&, timestamp const&) noexcept = default;
};

/// Types with one value.
struct null_t {
    friend constexpr bool operator==(null_t, null_t) noexcept = default;
};
struct undefined_t {
    friend constexpr bool operator==(undefined_t, undefined_t) noexcept = default;
};
/// Less than any other value.
struct min_key_t {
    friend constexpr bool operator==(min_key_t, min_key_t) noexcept = default;
};
/// Greater than any other value.
struct max_key_t {
    friend constexpr bool operator==(max_key_t, max_key_t) noexcept = default;
};
inline constexpr null_t null{};
inline constexpr undefined_t undefined{};
inline constexpr min_key_t min_key{};
inline constexpr max_key_t max_key{};

} // namespace coda::bson

template <>
struct std::hash<coda::bson::object_id> {
    std::size_t operator()(coda::bson::object_id const& id) const noexcept;
};
