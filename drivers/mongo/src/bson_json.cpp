// SPDX-License-Identifier: BSL-1.0
#include "bson_native.hpp"

#include <coda/mongo/bson/json.hpp>

#include <fmt/format.h>

#include <memory>

namespace coda::bson {

std::string to_json(view v) {
    auto const b = native(v);
    std::size_t length = 0;
    std::unique_ptr<char, decltype(&bson_free)> const text(bson_as_relaxed_extended_json(&b, &length), &bson_free);
    if (!text) throw exception(error(errc::invalid_utf8, outcome::completed));
    return {text.get(), length};
}

result<document> from_json(std::string_view text) {
    bson_error_t failed{};
    bson_t b;
    if (!bson_init_from_json(&b, text.data(), static_cast<ssize_t>(text.size()), &failed))
        return error(errc::invalid_json, fmt::format("invalid JSON: {}", failed.message));
    auto d = take(b);
    if (d.has_value() && d->size() > max_size) return error(errc::too_large);
    return d;
}

} // namespace coda::bson
