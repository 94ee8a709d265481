// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/encoder.hpp>

namespace coda::pg {

namespace {

constexpr char const* zero_byte = "is a text with a zero byte, which PostgreSQL does not have";

} // namespace

void encoder::refer_text(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return refuse(zero_byte);
    refer(std::as_bytes(std::span(text)));
}

void encoder::append_text(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return refuse(zero_byte);
    append(std::as_bytes(std::span(text)));
}

bool encoder::grow(std::size_t more) {
    if (more > detail::largest_message - size_) refuse("is too large: PostgreSQL takes less than 1 GB");
    if (refused_ != nullptr) return false;
    auto const capacity = std::max({size_ + more, capacity_ * 2, std::size_t{128}});
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    std::copy_n(data_, size_, larger.get());
    heap_ = std::move(larger);
    data_ = heap_.get();
    capacity_ = capacity;
    return true;
}

std::size_t encoder::begin_value() {
    ++depth_;
    append_integer(std::uint32_t{0});
    return size_;
}

void encoder::end_value(std::size_t begin) {
    --depth_;
    if (refused_ != nullptr) return; // nothing is where it should be
    detail::store_big_endian(static_cast<std::uint32_t>(size_ - begin), data_ + begin - sizeof(std::uint32_t));
}

} // namespace coda::pg
