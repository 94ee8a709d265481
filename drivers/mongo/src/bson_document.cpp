// SPDX-License-Identifier: BSL-1.0
#include "bson_native.hpp"

#include <coda/mongo/bson/detail/layout.hpp>
#include <coda/mongo/bson/document.hpp>

#include <new>

namespace coda::bson {

detail::block detail::allocate(std::size_t size) {
    return {static_cast<std::byte*>(::operator new(size)), freed{[](void* bytes) { ::operator delete(bytes); }}};
}

document::document(bson::view from) {
    if (from.empty()) return;
    bytes_ = detail::allocate(from.size());
    std::memcpy(bytes_.get(), from.data(), from.size());
}

result<document> document::adopt(std::byte* bytes, std::size_t size, release free) {
    document taken(detail::block(bytes, detail::freed{free}));
    auto const good = bson::view::from_bytes({bytes, size});
    if (good.has_error()) return good.error();
    return taken;
}

view document::view() const noexcept {
    if (!bytes_) return {};
    return {bytes_.get(), static_cast<std::size_t>(detail::load<std::int32_t>(bytes_.get()))};
}

result<document> take(bson_t& b) {
    std::uint32_t size = 0;
    std::uint8_t* bytes = bson_destroy_with_steal(&b, true, &size);
    if (bytes == nullptr) return error(errc::corrupt);
    return document::adopt(reinterpret_cast<std::byte*>(bytes), size, bson_free);
}

} // namespace coda::bson
