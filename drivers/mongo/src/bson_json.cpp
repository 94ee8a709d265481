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
    // libbson also takes an array, for a document.
    auto const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || text[first] != '{')
        return error(errc::invalid_json, "invalid JSON: a document begins with {");
    std::unique_ptr<bson_json_reader_t, decltype(&bson_json_reader_destroy)> const reader(
        bson_json_data_reader_new(true, 0), &bson_json_reader_destroy);
    bson_json_data_reader_ingest(reader.get(), reinterpret_cast<std::uint8_t const*>(text.data()), text.size());
    bson_error_t failed{};
    bson_t b = BSON_INITIALIZER;
    if (bson_json_reader_read(reader.get(), &b, &failed) != 1) {
        bson_destroy(&b);
        return error(errc::invalid_json, fmt::format("invalid JSON: {}", failed.message));
    }
    auto d = take(b);
    bson_t more = BSON_INITIALIZER;
    bool const ended = bson_json_reader_read(reader.get(), &more, &failed) == 0;
    bson_destroy(&more);
    if (!ended) return error(errc::invalid_json, "invalid JSON: there is something after the document");
    if (d.has_value() && d->size() > max_size) return error(errc::too_large);
    return d;
}

} // namespace coda::bson
