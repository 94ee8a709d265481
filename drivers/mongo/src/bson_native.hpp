// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/document.hpp>

#include <bson/bson.h>

namespace coda::bson {

// `v` for libbson and libmongoc to read, without a copy. Need not be destroyed; must not outlive what `v` looks at.
inline bson_t native(view v) noexcept {
    bson_t b;
    // It fails only for a length that is not the document's, which no view has.
    static_cast<void>(bson_init_static(&b, reinterpret_cast<std::uint8_t const*>(v.data()), v.size()));
    return b;
}

// A look at what libbson holds; errc::corrupt where a server's answer, taken as it came, is no document.
inline result<view> checked(bson_t const& b) {
    return view::from_bytes(std::as_bytes(std::span(bson_get_data(&b), b.len)));
}

// Takes what `b` holds, without a copy where it is on the heap. `b` is as after bson_destroy, also with errc::corrupt,
// which it is as well when `b` does not own its bytes (bson_init_static) or a document inside it was left open.
result<document> take(bson_t& b);

} // namespace coda::bson
