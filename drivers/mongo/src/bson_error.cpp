// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/bson/error.hpp>

#include <fmt/format.h>

namespace coda::bson {

namespace {

class category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "coda.bson"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::missing_field: return "missing field";
        case errc::corrupt: return "corrupt document";
        case errc::too_deep: return "documents nested too deep";
        case errc::too_large: return "document too large";
        case errc::invalid_utf8: return "text is not UTF-8";
        case errc::invalid_key: return "zero byte in a key";
        case errc::invalid_json: return "invalid JSON";
        }
        return "unknown coda.bson error";
    }
};

} // namespace

boost::system::error_category const& bson_category() noexcept {
    static category const instance;
    return instance;
}

error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), bson_category()}; }

std::string field_error::message() const {
    return path.empty() ? "the document " + text_ : fmt::format("field \"{}\" {}", path, text_);
}

} // namespace coda::bson
