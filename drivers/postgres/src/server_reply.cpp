// SPDX-License-Identifier: BSL-1.0
#include "server_reply.hpp"

#include <boost/algorithm/string/split.hpp>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

namespace coda::pg::detail {

std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::ranges::replace(text, '\n', ' ');
    std::ranges::replace(text, '\t', ' ');
    return text;
}

bool ends_session(pg_result const* failed) noexcept {
    char const* const severity = PQresultErrorField(failed, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != nullptr && (std::string_view(severity) == "FATAL" || std::string_view(severity) == "PANIC");
}

std::shared_ptr<server_error> fields_of(pg_result const* said) {
    auto field = [&](int code) -> std::string {
        char const* value = PQresultErrorField(said, code);
        return value != nullptr ? value : "";
    };
    auto details = std::make_shared<server_error>();
    details->severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
    details->code = field(PG_DIAG_SQLSTATE);
    details->primary = field(PG_DIAG_MESSAGE_PRIMARY);
    details->detail = field(PG_DIAG_MESSAGE_DETAIL);
    details->hint = field(PG_DIAG_MESSAGE_HINT);
    details->position = field(PG_DIAG_STATEMENT_POSITION);
    details->internal_position = field(PG_DIAG_INTERNAL_POSITION);
    details->internal_query = field(PG_DIAG_INTERNAL_QUERY);
    details->where = field(PG_DIAG_CONTEXT);
    details->schema = field(PG_DIAG_SCHEMA_NAME);
    details->table = field(PG_DIAG_TABLE_NAME);
    details->column = field(PG_DIAG_COLUMN_NAME);
    details->data_type = field(PG_DIAG_DATATYPE_NAME);
    details->constraint = field(PG_DIAG_CONSTRAINT_NAME);
    details->file = field(PG_DIAG_SOURCE_FILE);
    details->line = field(PG_DIAG_SOURCE_LINE);
    details->routine = field(PG_DIAG_SOURCE_FUNCTION);
    return details;
}

error server_failure(pg_result const* failed) {
    auto details = fields_of(failed);
    // A failure that libpq itself found (a reply it cannot parse) has no SQLSTATE.
    if (details->code.empty())
        return {coda::errc::protocol_error, one_line(PQresultErrorMessage(failed)), outcome::unknown};
    error_code const code = make_sqlstate(details->code);
    return {code, ends_session(failed) ? outcome::unknown : outcome::completed, std::move(details)};
}

namespace {

// "connection to ... failed: FATAL:  28P01: password authentication failed ...": libpq has no fields for it.
struct rejection {
    std::string_view address;
    std::string_view severity;
    std::string_view code;
    std::string_view primary;
};

bool is_sqlstate(std::string_view text) noexcept {
    return text.size() == 5 &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

std::optional<rejection> rejection_in(std::string_view line) noexcept {
    for (auto at = line.find(":  "); at != line.npos; at = line.find(":  ", at + 1)) {
        auto const code = line.substr(at + 3, 5);
        if (!is_sqlstate(code) || line.substr(at + 8, 2) != ": ") continue;
        auto const before = line.substr(0, at).rfind(": ");
        auto const severity = before == line.npos ? 0 : before + 2;
        return rejection{line.substr(0, before == line.npos ? 0 : before), line.substr(severity, at - severity), code,
                         line.substr(at + 10)};
    }
    return {};
}

// What libpq says where not the server or the way there is to be mended, but what the program asks of them. In the
// language of the program (LC_MESSAGES): in another than English the error is an ordinary connect_failed.
constexpr std::string_view wrong[] = {
    "no password supplied", "does not support SSL",   "certificate verify failed", "does not match host name",
    "certificate file \"",  "private key file \"",    "channel binding require",   " alert unknown ca",
    " alert certificate",   " alert bad certificate", " alert protocol version",
};
// Why a file cannot be read that may well be there.
constexpr std::string_view passing[] = {"Too many open files", "Cannot allocate memory", "SSL error code"};

bool has_any(std::string_view line, std::span<std::string_view const> words) noexcept {
    return std::ranges::any_of(words, [&](auto w) { return line.find(w) != line.npos; });
}

bool begins_attempt(std::string_view line) noexcept { return line.starts_with("connection to "); }

} // namespace

error connect_failure(std::string_view verbose_message) {
    std::vector<std::string> lines;
    boost::algorithm::split(lines, verbose_message, [](char c) { return c == '\n'; });
    auto details = std::make_shared<server_error>();
    auto own = errc::connect_failed;
    std::string text;
    for (auto const& line : lines) {
        if (line.empty() || line.starts_with("LOCATION:  ")) continue; // in the server's source
        auto const r = rejection_in(line);
        if (r) {
            details->address = r->address;
            details->severity = r->severity;
            details->code = r->code;
            details->primary = r->primary;
        } else if (begins_attempt(line)) {
            own = has_any(line, wrong) && !has_any(line, passing) ? errc::wrong_settings : errc::connect_failed;
        }
        text += text.empty() ? "" : " ";
        text += r ? fmt::format("{}: {}:  {}", r->address, r->severity, r->primary) : line;
    }
    if (details->code.empty()) return {own, one_line(std::move(text))};
    error_code const code = make_sqlstate(details->code);
    return {code, outcome::not_sent, std::move(details)};
}

std::string connection_message(pg_conn const* c) { return one_line(PQerrorMessage(c)); }

} // namespace coda::pg::detail
