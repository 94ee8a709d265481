// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/bson/detail/layout.hpp>
#include <coda/mongo/bson/detail/read.hpp>

#include <fmt/format.h>

namespace coda::bson::detail {

namespace {

// A text's bytes without its length and the zero byte at its end.
std::string_view text_of(element const& e) noexcept {
    return {reinterpret_cast<char const*>(e.bytes().data()) + 4, e.bytes().size() - 5};
}

bool is_number(std::string_view type) noexcept {
    return type == "double" || type == "float" || type.starts_with("int") || type.starts_with("uint");
}

} // namespace

bool read_failure::mismatch(std::string_view expected, element const& found) {
    return mismatch(expected, to_string(found.type()));
}

bool read_failure::mismatch(std::string_view expected, std::string_view found) {
    code_ = coda::errc::type_mismatch;
    expected_ = expected;
    found_ = found;
    return false;
}

bool read_failure::missing(std::string_view key) {
    code_ = errc::missing_field;
    return within(key);
}

bool read_failure::within(std::string_view key) {
    path_ = path_.empty() ? std::string(key) : fmt::format("{}.{}", key, path_);
    return false;
}

error read_failure::take() {
    std::string text = "is missing";
    if (code_ != errc::missing_field) {
        // int32 asked for, int64 found: then it is the value.
        bool const unfit = expected_ == found_ || (is_number(expected_) && is_number(found_));
        text = fmt::format("cannot be read as {}: it is {}{}", expected_, found_,
                           unfit ? ", and its value does not fit" : "");
    }
    auto details = std::make_shared<field_error>(std::move(path_), std::move(text));
    details->expected = expected_;
    details->found = found_;
    return {code_, outcome::completed, std::move(details)};
}

std::optional<element> field_cursor::find(std::string_view key) noexcept {
    auto const start = next_;
    for (; next_ != in_.end(); ++next_)
        if (next_->key() == key) return *next_++;
    for (next_ = in_.begin(); next_ != start; ++next_)
        if (next_->key() == key) return *next_++;
    return std::nullopt;
}

bool load_value(element const& from, bool& to) noexcept {
    if (from.type() != type::boolean) return false;
    to = from.bytes()[0] != std::byte{0};
    return true;
}

bool load_value(element const& from, std::int64_t& to) noexcept {
    if (from.type() == type::int32) return to = load<std::int32_t>(from.bytes().data()), true;
    if (from.type() == type::int64) return to = load<std::int64_t>(from.bytes().data()), true;
    if (from.type() != type::double_) return false;
    auto const real = load<double>(from.bytes().data());
    // -2^63 is a double, 2^63 - 1 is not. NaN is in no range.
    if (!(real >= -0x1p63 && real < 0x1p63) || real != std::trunc(real)) return false;
    to = static_cast<std::int64_t>(real);
    return true;
}

bool load_value(element const& from, double& to) noexcept {
    if (from.type() == type::double_) return to = load<double>(from.bytes().data()), true;
    std::int64_t whole = 0;
    if (!load_value(from, whole)) return false;
    to = static_cast<double>(whole);
    return to < 0x1p63 && static_cast<std::int64_t>(to) == whole;
}

bool load_value(element const& from, std::string_view& to) noexcept {
    if (from.type() != type::string) return false;
    to = text_of(from);
    return true;
}

bool load_value(element const& from, std::string& to) {
    if (from.type() != type::string) return false;
    to = text_of(from);
    return true;
}

bool load_value(element const& from, view& to) noexcept {
    if (from.type() != type::document) return false;
    to = view_of(from);
    return true;
}

bool load_value(element const& from, array_view& to) noexcept {
    if (from.type() != type::array) return false;
    to = array_view(view_of(from));
    return true;
}

bool load_value(element const& from, document& to) {
    view v;
    if (!load_value(from, v)) return false;
    to = document(v);
    return true;
}

bool load_value(element const& from, array_document& to) {
    array_view v;
    if (!load_value(from, v)) return false;
    to = array_document(v);
    return true;
}

bool load_value(element const& from, binary_view& to) noexcept {
    if (from.type() != type::binary) return false;
    to.subtype = static_cast<std::uint8_t>(from.bytes()[4]);
    to.data = from.bytes().subspan(to.subtype == 2 ? 9 : 5); // the old subtype has its length a second time
    return true;
}

bool load_value(element const& from, binary& to) {
    binary_view v;
    if (!load_value(from, v)) return false;
    to.data.assign(v.data.begin(), v.data.end());
    to.subtype = v.subtype;
    return true;
}

bool load_value(element const& from, std::vector<std::byte>& to) {
    binary_view v;
    if (!load_value(from, v)) return false;
    to.assign(v.data.begin(), v.data.end());
    return true;
}

bool load_value(element const& from, object_id& to) noexcept {
    if (from.type() != type::object_id) return false;
    std::array<std::byte, 12> bytes;
    std::memcpy(bytes.data(), from.bytes().data(), bytes.size());
    to = object_id(bytes);
    return true;
}

bool load_value(element const& from, date& to) noexcept {
    if (from.type() != type::date) return false;
    to = date(std::chrono::milliseconds(load<std::int64_t>(from.bytes().data())));
    return true;
}

bool load_value(element const& from, regex& to) {
    if (from.type() != type::regex) return false;
    auto const* pattern = reinterpret_cast<char const*>(from.bytes().data());
    to.pattern = pattern;
    to.options = pattern + to.pattern.size() + 1;
    return true;
}

bool load_value(element const& from, code& to) {
    if (from.type() != type::code) return false;
    to.text = text_of(from);
    return true;
}

bool load_value(element const& from, timestamp& to) noexcept {
    if (from.type() != type::timestamp) return false;
    to.increment = load<std::uint32_t>(from.bytes().data());
    to.seconds = load<std::uint32_t>(from.bytes().data() + 4);
    return true;
}

bool load_value(element const& from, decimal128& to) noexcept {
    if (from.type() != type::decimal128) return false;
    to = decimal128(load<std::uint64_t>(from.bytes().data() + 8), load<std::uint64_t>(from.bytes().data()));
    return true;
}

bool load_value(element const& from, null_t&) noexcept { return from.type() == type::null; }
bool load_value(element const& from, undefined_t&) noexcept { return from.type() == type::undefined; }
bool load_value(element const& from, min_key_t&) noexcept { return from.type() == type::min_key; }
bool load_value(element const& from, max_key_t&) noexcept { return from.type() == type::max_key; }

} // namespace coda::bson::detail
