// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/bson/builder.hpp>
#include <coda/mongo/bson/detail/layout.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace coda::bson {

namespace {

// std::memcpy wants pointers even where there is nothing to copy.
void copy(std::string_view from, std::byte* to) noexcept {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

bool has_zero_byte(std::string_view text) noexcept { return text.find('\0') != std::string_view::npos; }

// With its zero byte.
std::byte* copy_terminated(std::string_view from, std::byte* to) noexcept {
    copy(from, to);
    to[from.size()] = std::byte{0};
    return to + from.size() + 1;
}

} // namespace

builder::builder(builder&& other) noexcept
    : bytes_(std::move(other.bytes_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      reserve_(other.reserve_),
      failure_(std::move(other.failure_)) {}

builder& builder::operator=(builder&& other) noexcept {
    builder taken(std::move(other));
    std::swap(bytes_, taken.bytes_);
    std::swap(size_, taken.size_);
    std::swap(capacity_, taken.capacity_);
    std::swap(failure_, taken.failure_);
    return *this;
}

void builder::fail(error_code code, std::string_view key, std::string_view text) {
    if (!failure_) failure_ = std::make_unique<failure>(code, key, text);
}

bool builder::grow(std::string_view key, std::size_t more) {
    // The length of this document comes before its first field.
    std::size_t const used = std::max<std::size_t>(size_, 4);
    std::size_t const closing = depth_ + 1;
    if (more > max_size || used + more + closing > max_size) {
        fail(make_error_code(errc::too_large), key, fmt::format("makes the document larger than {} bytes", max_size));
        return false;
    }
    std::size_t const needed = used + more + closing;
    if (needed > capacity_) {
        std::size_t const capacity = std::max({needed, 2 * capacity_, std::min(reserve_, max_size)});
        auto larger = detail::allocate(capacity);
        if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
        bytes_ = std::move(larger);
        capacity_ = capacity;
    }
    size_ = used;
    return true;
}

std::byte* builder::field(bson::type t, std::string_view key, std::size_t size) {
    if (failure_) return nullptr;
    if (bool const zero = has_zero_byte(key); zero || !detail::is_utf8(key)) {
        auto const shown = key.substr(0, key.find('\0'));
        fail(make_error_code(zero ? errc::invalid_key : errc::invalid_utf8), detail::is_utf8(shown) ? shown : "?",
             zero ? "has a zero byte in its key" : "has a key that is not UTF-8");
        return nullptr;
    }
    if (size > max_size) size = max_size; // so that the sum cannot overflow
    if (!grow(key, 1 + key.size() + 1 + size)) return nullptr;
    bytes_.get()[size_] = static_cast<std::byte>(t);
    auto* const value = copy_terminated(key, bytes_.get() + size_ + 1);
    size_ = static_cast<std::size_t>(value - bytes_.get()) + size;
    return value;
}

std::byte* builder::put_text(bson::type t, std::string_view key, std::string_view text) {
    if (!failure_ && !detail::is_utf8(text))
        fail(make_error_code(errc::invalid_utf8), key, "is a text that is not UTF-8");
    auto* const to = field(t, key, 4 + text.size() + 1);
    if (to == nullptr) return nullptr;
    detail::store(static_cast<std::int32_t>(text.size() + 1), to);
    return copy_terminated(text, to + 4);
}

void builder::put(std::string_view key, bool value) {
    if (auto* to = field(type::boolean, key, 1)) *to = std::byte{value};
}

void builder::put(std::string_view key, std::int32_t value) {
    if (auto* to = field(type::int32, key, 4)) detail::store(value, to);
}

void builder::put(std::string_view key, std::int64_t value) {
    if (auto* to = field(type::int64, key, 8)) detail::store(value, to);
}

void builder::put(std::string_view key, std::uint64_t value) {
    if (std::in_range<std::int64_t>(value)) return put(key, static_cast<std::int64_t>(value));
    fail(make_error_code(coda::errc::invalid_argument), key, "is an unsigned number above the range of int64");
}

void builder::put(std::string_view key, double value) {
    if (auto* to = field(type::double_, key, 8)) detail::store(value, to);
}

void builder::put(std::string_view key, std::string_view value) { put_text(type::string, key, value); }

void builder::put(std::string_view key, bson::view value) {
    if (auto* to = field(type::document, key, value.size())) std::memcpy(to, value.data(), value.size());
}

void builder::put(std::string_view key, array_view value) {
    if (auto* to = field(type::array, key, value.size())) std::memcpy(to, value.data(), value.size());
}

void builder::put(std::string_view key, binary_view value) {
    std::size_t const again = value.subtype == 2 ? 4 : 0; // the old subtype has its length a second time
    auto* to = field(type::binary, key, 5 + again + value.data.size());
    if (to == nullptr) return;
    detail::store(static_cast<std::int32_t>(again + value.data.size()), to);
    to[4] = std::byte{value.subtype};
    if (again != 0) detail::store(static_cast<std::int32_t>(value.data.size()), to + 5);
    if (!value.data.empty()) std::memcpy(to + 5 + again, value.data.data(), value.data.size());
}

void builder::put(std::string_view key, object_id const& value) {
    if (auto* to = field(type::object_id, key, 12)) std::memcpy(to, value.bytes().data(), 12);
}

void builder::put(std::string_view key, date value) {
    if (auto* to = field(type::date, key, 8)) detail::store<std::int64_t>(value.time_since_epoch().count(), to);
}

void builder::put(std::string_view key, regex const& value) {
    if (has_zero_byte(value.pattern) || has_zero_byte(value.options))
        return fail(make_error_code(errc::invalid_key), key, "is a regular expression with a zero byte");
    if (!detail::is_utf8(value.pattern) || !detail::is_utf8(value.options))
        return fail(make_error_code(errc::invalid_utf8), key, "is a regular expression that is not UTF-8");
    auto* to = field(type::regex, key, value.pattern.size() + value.options.size() + 2);
    if (to == nullptr) return;
    to = copy_terminated(value.pattern, to);
    copy_terminated(value.options, to);
    std::ranges::sort(to, to + value.options.size());
}

void builder::put(std::string_view key, code const& value) { put_text(type::code, key, value.text); }

void builder::put(std::string_view key, timestamp value) {
    auto* to = field(type::timestamp, key, 8);
    if (to == nullptr) return;
    detail::store(value.increment, to);
    detail::store(value.seconds, to + 4);
}

void builder::put(std::string_view key, decimal128 value) {
    auto* to = field(type::decimal128, key, 16);
    if (to == nullptr) return;
    detail::store(value.low(), to);
    detail::store(value.high(), to + 8);
}

void builder::put(std::string_view key, element const& value) {
    auto* to = field(value.type(), key, value.bytes().size());
    if (to != nullptr && !value.bytes().empty()) std::memcpy(to, value.bytes().data(), value.bytes().size());
}

void builder::put(std::string_view key, null_t) { field(type::null, key, 0); }
void builder::put(std::string_view key, undefined_t) { field(type::undefined, key, 0); }
void builder::put(std::string_view key, min_key_t) { field(type::min_key, key, 0); }
void builder::put(std::string_view key, max_key_t) { field(type::max_key, key, 0); }

builder& builder::append_all(bson::view from) {
    for (auto const& e : from) put(e.key(), e);
    return *this;
}

result<bson::document> builder::finish() {
    auto const failed = std::move(failure_);
    if (failed) {
        size_ = 0;
        return error(failed->code, outcome::not_sent, std::make_shared<field_error>(failed->path, failed->text));
    }
    if (size_ == 0) return bson::document();
    bytes_.get()[size_++] = std::byte{0};
    detail::store(static_cast<std::int32_t>(size_), bytes_.get());
    size_ = capacity_ = 0;
    return bson::document(std::move(bytes_));
}

std::string_view array_builder::next_key(std::span<char, 20> to) noexcept {
    auto const end = std::to_chars(to.data(), to.data() + to.size(), next_++).ptr;
    return {to.data(), end};
}

namespace detail {

nesting::nesting(builder& to, bson::type t, std::string_view key) : to_(to), key_(key), open_(to.good()) {
    if (!open_) return;
    // The builder's own document counts as well.
    if (to.depth_ + 2 > max_depth) {
        to.fail(make_error_code(errc::too_deep), key, fmt::format("is nested deeper than {} documents", max_depth));
        return;
    }
    // With room for the zero byte at the end, so that closing cannot fail.
    auto* const length = to.field(t, key, 4 + 1);
    if (length == nullptr) return;
    --to.size_;
    ++to.depth_;
    start_ = static_cast<std::size_t>(length - to.bytes_.get());
}

nesting::~nesting() {
    if (start_ != 0) {
        --to_.depth_;
        to_.bytes_.get()[to_.size_++] = std::byte{0};
        store(static_cast<std::int32_t>(to_.size_ - start_), to_.bytes_.get() + start_);
        // What failed inside is told with the path from here.
        if (open_ && to_.failure_) to_.failure_->path = fmt::format("{}.{}", key_, to_.failure_->path);
    }
}

} // namespace detail

} // namespace coda::bson
