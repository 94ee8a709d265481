// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

#include <vector>

/// Ranges and multiranges.
///
///     auto free = co_await db.query_one<bool>("select not $1 && booked from rooms where id = $2",
///                                             pg::range<std::chrono::sys_days>::from_to(arrival, departure), id);
namespace coda::pg {

/// One end of a range.
template <class T>
struct range_bound {
    T value{};
    bool inclusive = true;

    range_bound() = default;
    range_bound(T at, bool belongs_to_it) : value(std::move(at)), inclusive(belongs_to_it) {}
    friend bool operator==(range_bound const&, range_bound const&) = default;
};

/// The values between two bounds, either of which may be missing; or no value at all. The server writes ranges of
/// integers and dates in one way, [lower, upper); what is read may look other than what was sent.
template <class T>
class range {
public:
    using bound = range_bound<T>;

    /// Empty.
    range() = default;
    /// All from one bound to the other; a missing one: without end.
    range(std::optional<bound> lower, std::optional<bound> upper)
        : empty_(false), lower_(std::move(lower)), upper_(std::move(upper)) {}

    /// [lower, upper): without the upper one.
    static range from_to(T lower, T upper) { return {bound{std::move(lower), true}, bound{std::move(upper), false}}; }
    /// [lower, upper].
    static range closed(T lower, T upper) { return {bound{std::move(lower), true}, bound{std::move(upper), true}}; }
    /// [lower, ).
    static range from(T lower) { return {bound{std::move(lower), true}, std::nullopt}; }
    /// (, upper).
    static range before(T upper) { return {std::nullopt, bound{std::move(upper), false}}; }
    /// Every value.
    static range all() { return {std::nullopt, std::nullopt}; }

    bool empty() const noexcept { return empty_; }
    /// Nothing where the range is empty or has no such end.
    std::optional<bound> const& lower() const noexcept { return lower_; }
    std::optional<bound> const& upper() const noexcept { return upper_; }

    /// Whether they were written alike: [1, 3] is not [1, 4).
    friend bool operator==(range const&, range const&) = default;

private:
    bool empty_ = true;
    std::optional<bound> lower_;
    std::optional<bound> upper_;
};

/// Ranges that the server keeps in order and apart from each other.
template <class T>
struct multirange {
    std::vector<range<T>> ranges;

    multirange() = default;
    multirange(std::vector<range<T>> from) : ranges(std::move(from)) {}
    friend bool operator==(multirange const&, multirange const&) = default;
};

namespace detail {

struct range_types {
    oid subtype;
    oid range;
    oid multirange;
};
inline constexpr range_types built_in_ranges[] = {
    {type::int4, type::int4range, type::int4multirange},        {type::int8, type::int8range, type::int8multirange},
    {type::numeric, type::numrange, type::nummultirange},       {type::timestamp, type::tsrange, type::tsmultirange},
    {type::timestamptz, type::tstzrange, type::tstzmultirange}, {type::date, type::daterange, type::datemultirange},
};

// `any` where there is none, or only the server knows of it.
constexpr oid range_of(oid subtype) noexcept {
    auto const* const r = std::ranges::find(built_in_ranges, subtype, &range_types::subtype);
    return r != std::end(built_in_ranges) ? r->range : type::any;
}
constexpr oid multirange_of(oid subtype) noexcept {
    auto const* const r = std::ranges::find(built_in_ranges, subtype, &range_types::subtype);
    return r != std::end(built_in_ranges) ? r->multirange : type::any;
}
constexpr oid subtype_of(oid range_or_multirange) noexcept {
    for (auto const& r : built_in_ranges)
        if (r.range == range_or_multirange || r.multirange == range_or_multirange) return r.subtype;
    return type::any;
}

// The first byte of a range (utils/rangetypes.h).
enum range_flags : std::uint8_t {
    is_empty = 1,
    lower_inclusive = 2,
    upper_inclusive = 4,
    lower_infinite = 8,
    upper_infinite = 16
};

// The type of the bounds, which a range does not tell: T's own where the range is user-defined.
template <class T>
constexpr bool reads_range(oid sent) {
    oid const subtype = subtype_of(sent);
    return is_user_defined(sent) || (subtype != type::any && reads<T>(subtype));
}
template <class T>
constexpr oid bound_type(oid sent) noexcept {
    return is_user_defined(sent) ? nested_type<T> : subtype_of(sent);
}

template <class T>
inline constexpr bool holds_views<range<T>> = holds_views<T>;
template <class T>
inline constexpr bool holds_views<multirange<T>> = holds_views<T>;

} // namespace detail

template <class T>
struct codec<range<T>> {
    static constexpr oid type = detail::range_of(codec<T>::type);
    static std::string name() { return "range of " + detail::name_of<T>(); }
    static constexpr bool reads(oid sent) { return detail::reads_range<T>(sent); }

    static bool decode(bytes from, oid sent, range<T>& to) {
        decoder parts(from);
        std::uint8_t flags = 0;
        if (!reads(sent) || !parts.read(flags) || flags > 31) return false;
        if ((flags & detail::is_empty) != 0) {
            to = {};
            return parts.at_end();
        }
        std::optional<range_bound<T>> lower, upper;
        if ((flags & detail::lower_infinite) == 0 && !read_bound(parts, sent, flags & detail::lower_inclusive, lower))
            return false;
        if ((flags & detail::upper_infinite) == 0 && !read_bound(parts, sent, flags & detail::upper_inclusive, upper))
            return false;
        to = range<T>(std::move(lower), std::move(upper));
        return parts.at_end();
    }
    static void encode(range<T> const& value, encoder& to) {
        if (value.empty()) return to.append_integer(std::uint8_t{detail::is_empty});
        int flags = value.lower() ? value.lower()->inclusive * detail::lower_inclusive : int{detail::lower_infinite};
        flags |= value.upper() ? value.upper()->inclusive * detail::upper_inclusive : int{detail::upper_infinite};
        to.append_integer(static_cast<std::uint8_t>(flags));
        if (value.lower()) to.append_value(value.lower()->value);
        if (value.upper()) to.append_value(value.upper()->value);
    }

private:
    static bool read_bound(decoder& parts, oid sent, bool inclusive, std::optional<range_bound<T>>& to) {
        to.emplace().inclusive = inclusive;
        return parts.read_value(detail::bound_type<T>(sent), to->value);
    }
};

template <class T>
struct codec<multirange<T>> {
    static constexpr oid type = detail::multirange_of(codec<T>::type);
    static std::string name() { return "multirange of " + detail::name_of<T>(); }
    static constexpr bool reads(oid sent) { return detail::reads_range<T>(sent); }

    static bool decode(bytes from, oid sent, multirange<T>& to) {
        decoder parts(from);
        std::uint32_t count = 0;
        if (!reads(sent) || !parts.read(count) || count > parts.left() / sizeof(std::int32_t)) return false;
        to.ranges.resize(count);
        // Its ranges have the same subtype, and that is all they ask for.
        for (range<T>& one : to.ranges)
            if (!parts.read_value(sent, one)) return false;
        return parts.at_end();
    }
    static void encode(multirange<T> const& value, encoder& to) {
        to.append_integer(static_cast<std::uint32_t>(value.ranges.size()));
        for (range<T> const& one : value.ranges) to.append_value(one);
    }
};

} // namespace coda::pg
