// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/document.hpp>

#include <string>
#include <string_view>

namespace coda::bson {

/// The document as MongoDB's relaxed extended JSON, in one line. A text that is not UTF-8 has no JSON: throws
/// coda::exception with errc::invalid_utf8.
std::string to_json(view v);

/// A document from JSON, plain or extended (canonical or relaxed); the text is one object. Errors: errc::invalid_json,
/// errc::too_large; the message says where, and may quote a word of the text.
result<document> from_json(std::string_view text);

} // namespace coda::bson
