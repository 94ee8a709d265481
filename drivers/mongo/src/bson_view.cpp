// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/bson/detail/layout.hpp>
#include <coda/mongo/bson/view.hpp>

#include <fmt/format.h>

#include <array>

namespace coda::bson {

namespace {

constexpr std::array<std::byte, detail::empty_size> empty_document{std::byte{detail::empty_size}};

error corrupt(std::size_t at) {
    return {errc::corrupt, fmt::format("corrupt document: nothing valid at byte {}", at), outcome::completed};
}

// Goes through a document and those inside it, without recursion: a fiber's stack is small.
class checker {
public:
    explicit checker(std::span<std::byte const> bytes) noexcept : bytes_(bytes) {}

    result<> check() {
        if (detail::value_size(type::document, bytes_.data(), bytes_.size()) != bytes_.size()) return corrupt(0);
        enter(0, bytes_.size());
        while (depth_ > 0) {
            if (at_ + 1 == ends_[depth_ - 1]) {
                ++at_; // the zero byte, which value_size has seen
                --depth_;
                continue;
            }
            auto const good = check_element();
            if (good.has_error()) return good;
        }
        return {};
    }

private:
    result<> check_element() {
        std::size_t const start = at_;
        std::size_t const end = ends_[depth_ - 1] - 1;
        auto const t = static_cast<type>(bytes_[at_++]);
        auto const* zero = at_ < end ? std::memchr(&bytes_[at_], 0, end - at_) : nullptr;
        if (zero == nullptr) return corrupt(start);
        at_ = static_cast<std::size_t>(static_cast<std::byte const*>(zero) - bytes_.data()) + 1;
        auto const size = detail::value_size(t, bytes_.data() + at_, end - at_);
        if (size == detail::malformed) return corrupt(start);
        std::size_t inner = at_;
        if (t == type::code_with_scope)
            inner += 8 + static_cast<std::size_t>(detail::load<std::int32_t>(&bytes_[at_ + 4]));
        else if (t != type::document && t != type::array)
            return at_ += size, result<>();
        if (depth_ == max_depth) return error(errc::too_deep, outcome::completed);
        enter(inner, at_ + size);
        return {};
    }

    void enter(std::size_t start, std::size_t end) noexcept {
        ends_[depth_++] = static_cast<std::uint32_t>(end);
        at_ = start + 4;
    }

    std::span<std::byte const> bytes_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::array<std::uint32_t, max_depth> ends_;
};

} // namespace

view::view() noexcept : data_(empty_document.data()), size_(empty_document.size()) {}

result<view> view::from_bytes(std::span<std::byte const> bytes) {
    auto const good = checker(bytes).check();
    if (good.has_error()) return good.error();
    return view(bytes.data(), bytes.size());
}

view::iterator view::begin() const noexcept {
    iterator first;
    first.end_ = data_ + size_ - 1;
    first.load(data_ + 4);
    return first;
}

// The document is well-formed, so nothing here can fail.
void view::iterator::load(std::byte const* at) noexcept {
    at_ = at;
    if (at == end_) return;
    current_.type_ = static_cast<bson::type>(*at);
    auto const* key = reinterpret_cast<char const*>(at + 1);
    current_.key_ = key;
    auto const* value = at + 1 + current_.key_.size() + 1;
    auto const size = detail::value_size(current_.type_, value, static_cast<std::size_t>(end_ - value));
    current_.value_ = {value, size};
    next_ = value + size;
}

std::optional<element> view::field(std::string_view key) const noexcept {
    for (auto const& e : *this)
        if (e.key() == key) return e;
    return std::nullopt;
}

std::optional<element> view::find(std::string_view path) const noexcept {
    view in = *this;
    for (;;) {
        auto const dot = path.find('.');
        auto const found = in.field(path.substr(0, dot));
        if (!found || dot == std::string_view::npos) return found;
        if (found->type() != type::document && found->type() != type::array) return std::nullopt;
        in = detail::view_of(*found);
        path.remove_prefix(dot + 1);
    }
}

view detail::view_of(element const& e) noexcept { return {e.bytes().data(), e.bytes().size()}; }

bool operator==(view a, view b) noexcept { return a.size_ == b.size_ && std::memcmp(a.data_, b.data_, a.size_) == 0; }

} // namespace coda::bson
