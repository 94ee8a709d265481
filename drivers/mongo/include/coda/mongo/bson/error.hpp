// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <string>

/// What can be wrong with a document. A value of another type than asked for is coda::errc::type_mismatch.
namespace coda::bson {

/// BSON's own error codes, in category "coda.bson".
enum class errc {
    missing_field = 1, ///< there is no such field; read it as std::optional where that is expected
    corrupt,           ///< the bytes are no BSON document
    too_deep,          ///< documents are nested deeper than `max_depth`
    too_large,         ///< the document has more than `max_size` bytes
    invalid_utf8,      ///< a key or text is not UTF-8
    invalid_key,       ///< a key, or another text that ends at a zero byte, contains one
    invalid_json,      ///< the text is no JSON object that has a BSON form
};

boost::system::error_category const& bson_category() noexcept;
error_code make_error_code(errc) noexcept;

/// Which field could not be read or written. The details of errc::missing_field, invalid_utf8, invalid_key, too_deep
/// and too_large, and of coda::errc::type_mismatch and invalid_argument where a field is to blame. Holds types, no
/// values.
class field_error final : public error_details {
public:
    field_error(std::string where, std::string text) : path(std::move(where)), text_(std::move(text)) {}

    std::string path;     ///< "address.city", "tags.2": from the document that was read, or from the builder
    std::string expected; ///< the type asked for; empty where the type is not what was wrong
    std::string found;    ///< the type that is there; empty where there is none

    std::string message() const override;

private:
    std::string text_;
};

} // namespace coda::bson

template <>
struct boost::system::is_error_code_enum<coda::bson::errc> : std::true_type {};
