// SPDX-License-Identifier: BSL-1.0
#include "server_reply.hpp"

#include <coda/mongo/error.hpp>

namespace coda::mongo::detail {

namespace {

// A field as `T`, or what there is without it: replies come from many servers, and some are sloppy.
template <class T>
T field_or(bson::view from, char const* name, T otherwise) {
    auto const found = from.try_get<T>(name);
    return found.has_value() ? *found : otherwise;
}

error server_says(bson::view words, bson::view reply) {
    auto details = std::make_shared<server_error>();
    details->code = field_or(words, "code", 0);
    details->code_name = field_or(words, "codeName", std::string());
    details->text = field_or(words, "errmsg", std::string());
    details->labels = field_or(reply, "errorLabels", std::vector<std::string>());
    if (auto const index = words.try_get<std::int32_t>("index"); index.has_value()) details->index = *index;
    error_code const code(details->code, server_category());
    return {code, outcome::completed, std::move(details)};
}

} // namespace

std::optional<error> failure_in(bson::view reply) {
    bool const ok = field_or(reply, "ok", 0.0) == 1.0 || field_or(reply, "ok", false);
    if (!ok) return server_says(reply, reply);
    if (auto const of_a_document = reply.try_get<bson::view>("writeErrors.0"); of_a_document.has_value())
        return server_says(*of_a_document, reply);
    if (auto const concern = reply.try_get<bson::view>("writeConcernError"); concern.has_value()) {
        auto e = server_says(*concern, reply);
        auto details = std::make_shared<server_error>(*e.details<server_error>());
        details->write_concern = true;
        return error(e.code(), outcome::completed, std::move(details));
    }
    return {};
}

} // namespace coda::mongo::detail
