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

// An error for each that is not there would cost more than all the rest.
std::optional<bson::view> document_at(bson::view reply, char const* path) {
    if (!reply.contains(path)) return {};
    auto const found = reply.try_get<bson::view>(path);
    return found.has_value() ? std::optional(*found) : std::nullopt;
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
    if (auto const of_a_document = document_at(reply, "writeErrors.0")) return server_says(*of_a_document, reply);
    if (auto const concern = document_at(reply, "writeConcernError")) {
        auto e = server_says(*concern, reply);
        auto details = std::make_shared<server_error>(*e.details<server_error>());
        details->write_concern = true;
        return error(e.code(), outcome::completed, std::move(details));
    }
    return {};
}

} // namespace coda::mongo::detail
