// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/codec/numeric.hpp>
#include <coda/postgres/codec/text.hpp>

#include <charconv>
#include <cmath>
#include <limits>

namespace coda::pg {

namespace {

constexpr int base = 10'000;
constexpr int group = 4; // decimal digits in one of that base
constexpr int most_before_point = 131'072;
constexpr int most_after_point = 16'383;

// As the wire has the sign (numeric.c).
enum sign : std::uint16_t {
    plus = 0,
    minus = 0x4000,
    not_a_number = 0xc000,
    plus_infinity = 0xd000,
    minus_infinity = 0xf000
};

bool is_word(std::string_view text, std::string_view lower) noexcept {
    return std::ranges::equal(text, lower, {}, [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// "12.50e3" taken apart: all digits, and how many of them stand before the point.
struct literal {
    std::string digits;
    int before_point = 0;
    int scale = 0;
};

std::optional<literal> take_apart(std::string_view text) {
    literal l;
    std::size_t i = 0;
    bool point = false;
    for (; i < text.size() && (is_digit(text[i]) || (text[i] == '.' && !point)); ++i) {
        if (text[i] == '.') {
            point = true;
        } else {
            l.digits += text[i];
            ++(point ? l.scale : l.before_point);
        }
    }
    if (l.digits.empty() || l.digits.size() > std::size_t{most_before_point + most_after_point}) return std::nullopt;
    if (i == text.size()) return l;
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    text.remove_prefix(i + 1);
    if (text.size() > 1 && text[0] == '+' && is_digit(text[1])) text.remove_prefix(1);
    int exponent = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (failed != std::errc() || end != text.data() + text.size() || std::abs(exponent) > 2 * most_before_point)
        return std::nullopt;
    l.before_point += exponent;
    l.scale = std::max(0, l.scale - exponent);
    return l;
}

void append_group(std::string& to, int digits) {
    for (int unit = base / 10; unit > 0; unit /= 10) to += static_cast<char>('0' + digits / unit % 10);
}

} // namespace

numeric::numeric(bool negative, std::uint64_t magnitude) : negative_(negative) {
    for (; magnitude > 0; magnitude /= base) digits_.insert(digits_.begin(), static_cast<char16_t>(magnitude % base));
    weight_ = static_cast<std::int16_t>(digits_.empty() ? 0 : digits_.size() - 1);
    strip();
}

numeric numeric::nan() noexcept {
    numeric n;
    n.kind_ = kind::nan;
    return n;
}

numeric numeric::infinity() noexcept {
    numeric n;
    n.kind_ = kind::infinite;
    return n;
}

numeric numeric::operator-() const {
    numeric n = *this;
    n.negative_ = !negative_ && !is_nan() && (is_infinite() || !digits_.empty());
    return n;
}

std::optional<numeric> numeric::parse(std::string_view text) {
    bool const negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (is_word(text, "nan")) return negative ? std::nullopt : std::optional(nan());
    if (is_word(text, "infinity") || is_word(text, "inf")) return negative ? -infinity() : infinity();

    auto read = take_apart(text);
    if (!read || read->scale > most_after_point) return std::nullopt;
    auto const zeros = std::min(read->digits.find_first_not_of('0'), read->digits.size());
    read->digits.erase(0, zeros);
    read->before_point -= static_cast<int>(zeros);

    numeric n;
    n.scale_ = static_cast<std::uint16_t>(read->scale);
    if (read->digits.empty()) return n;
    if (read->before_point > most_before_point) return std::nullopt;
    // The first group holds what is left of whole groups before the point.
    int const weight = (read->before_point + most_before_point - 1) / group - most_before_point / group;
    auto const padding = static_cast<std::size_t>((weight + 1) * group - read->before_point);
    read->digits.insert(0, padding, '0');
    read->digits.resize((read->digits.size() + group - 1) / group * group, '0');
    for (std::size_t i = 0; i < read->digits.size(); i += group) {
        int value = 0;
        for (std::size_t j = i; j < i + group; ++j) value = value * 10 + (read->digits[j] - '0');
        n.digits_ += static_cast<char16_t>(value);
    }
    n.weight_ = static_cast<std::int16_t>(weight);
    n.negative_ = negative;
    n.strip();
    return n;
}

numeric numeric::from_double(double value) {
    if (std::isnan(value)) return nan();
    if (std::isinf(value)) return value < 0 ? -infinity() : infinity();
    char text[32];
    auto const end = std::to_chars(std::begin(text), std::end(text), value, std::chars_format::scientific).ptr;
    return parse({text, end}).value();
}

// Zeros at the ends say nothing; scale_ tells how many to show.
void numeric::strip() {
    auto const first = std::min(digits_.find_first_not_of(u'\0'), digits_.size());
    digits_.erase(0, first);
    weight_ = static_cast<std::int16_t>(weight_ - static_cast<int>(first));
    digits_.erase(digits_.find_last_not_of(u'\0') + 1);
    if (!digits_.empty()) return;
    weight_ = 0;
    negative_ = false;
}

int numeric::group_at(int position) const noexcept {
    int const i = weight_ - position;
    return i >= 0 && i < static_cast<int>(digits_.size()) ? digits_[static_cast<std::size_t>(i)] : 0;
}

std::string numeric::to_string() const {
    if (is_nan()) return "NaN";
    std::string text(negative_ ? 1 : 0, '-');
    if (is_infinite()) return text + "Infinity";
    text += std::to_string(group_at(std::max<int>(weight_, 0)));
    for (int position = weight_ - 1; position >= 0; --position) append_group(text, group_at(position));
    if (scale_ == 0) return text;
    text += '.';
    auto const size = text.size() + scale_;
    for (int position = -1; text.size() < size; --position) append_group(text, group_at(position));
    text.resize(size);
    return text;
}

std::optional<std::int64_t> numeric::to_int64() const noexcept {
    bool const whole = static_cast<int>(digits_.size()) <= weight_ + 1 || digits_.empty();
    if (kind_ != kind::finite || !whole || weight_ > 4) return std::nullopt;
    std::uint64_t magnitude = 0;
    for (int position = weight_; position >= 0; --position)
        if (__builtin_mul_overflow(magnitude, std::uint64_t{base}, &magnitude) ||
            __builtin_add_overflow(magnitude, static_cast<std::uint64_t>(group_at(position)), &magnitude))
            return std::nullopt;
    auto const most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + (negative_ ? 1 : 0);
    if (magnitude > most) return std::nullopt;
    return static_cast<std::int64_t>(negative_ ? 0 - magnitude : magnitude);
}

double numeric::to_double() const {
    constexpr double inf = std::numeric_limits<double>::infinity();
    if (is_nan()) return std::numeric_limits<double>::quiet_NaN();
    if (is_infinite()) return negative_ ? -inf : inf;
    auto const text = to_string();
    double value = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed == std::errc()) return value;
    double const beyond = weight_ > 0 ? inf : 0.0; // out of the range, at one of its ends
    return negative_ ? -beyond : beyond;
}

std::weak_ordering numeric::compare_magnitude(numeric const& other) const noexcept {
    if (digits_.empty() || other.digits_.empty()) return !digits_.empty() <=> !other.digits_.empty();
    if (weight_ != other.weight_) return weight_ <=> other.weight_;
    return digits_.compare(other.digits_) <=> 0;
}

std::weak_ordering operator<=>(numeric const& a, numeric const& b) noexcept {
    if (a.is_nan() || b.is_nan()) return a.is_nan() <=> b.is_nan();
    if (a.negative_ != b.negative_) return b.negative_ <=> a.negative_;
    numeric const& low = a.negative_ ? b : a;
    numeric const& high = a.negative_ ? a : b;
    if (a.is_infinite() || b.is_infinite()) return low.is_infinite() <=> high.is_infinite();
    return low.compare_magnitude(high);
}

bool codec<numeric>::decode(bytes from, oid sent, numeric& to) {
    decoder parts(from);
    std::uint16_t groups = 0, sign = 0, scale = 0;
    std::int16_t weight = 0;
    if (!reads(sent) || !parts.read(groups) || !parts.read(weight) || !parts.read(sign) || !parts.read(scale))
        return false;
    if (parts.left() != std::size_t{groups} * 2) return false;
    numeric n;
    if (sign == not_a_number || sign == plus_infinity || sign == minus_infinity) {
        to = sign == not_a_number ? numeric::nan() : sign == plus_infinity ? numeric::infinity() : -numeric::infinity();
        return groups == 0;
    }
    if ((sign != plus && sign != minus) || scale > most_after_point) return false;
    n.digits_.resize(groups);
    for (char16_t& digits : n.digits_) {
        std::uint16_t value = 0;
        parts.read(value);
        if (value >= base) return false;
        digits = static_cast<char16_t>(value);
    }
    auto const zeros = n.digits_.find_first_not_of(u'\0');
    if (zeros != n.digits_.npos && weight - static_cast<int>(zeros) < std::numeric_limits<std::int16_t>::min())
        return false;
    n.weight_ = weight;
    n.scale_ = scale;
    n.negative_ = sign == minus;
    n.strip();
    // Digits that the scale hides would be a number that is not the one that is shown.
    int after = (static_cast<int>(n.digits_.size()) - n.weight_ - 1) * group;
    for (int last = n.digits_.empty() ? 0 : n.digits_.back(); last > 0 && last % 10 == 0; last /= 10) --after;
    if (!n.digits_.empty() && after > scale) return false;
    to = std::move(n);
    return true;
}

void codec<numeric>::encode(numeric const& value, encoder& to) {
    bool const infinite = value.is_infinite();
    auto const sign = value.is_nan() ? not_a_number
                      : infinite     ? (value.negative_ ? minus_infinity : plus_infinity)
                                     : (value.negative_ ? minus : plus);
    to.append_integer(static_cast<std::uint16_t>(value.digits_.size()));
    to.append_integer(value.weight_);
    to.append_integer(static_cast<std::uint16_t>(sign));
    to.append_integer(value.scale_);
    for (char16_t const digits : value.digits_) to.append_integer(static_cast<std::uint16_t>(digits));
}

namespace detail {

bool read_numeric_text(bytes from, std::string& to) {
    numeric n;
    if (!codec<numeric>::decode(from, type::numeric, n)) return false;
    to = n.to_string();
    return true;
}

} // namespace detail

} // namespace coda::pg
