// SPDX-License-Identifier: BSL-1.0
#include "preparation.hpp"

#include <libpq-fe.h>

namespace coda::pg::detail {

namespace {

// Whatever the server's language puts around it; coda_1 is not named by "coda_12".
bool names(std::string_view text, std::string_view name) noexcept {
    for (auto at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
        auto const end = at + name.size();
        auto const is_digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
        if (!is_digit(end)) return true;
    }
    return false;
}

// "unnamed portal parameter $1", in any language; functions have none, or more lines.
bool is_of_parameter(std::string_view context) noexcept {
    return context.empty() || (context.find(" $") != context.npos && context.find('\n') == context.npos);
}

} // namespace

failure_parts failure_parts::of(pg_result const* failed) noexcept {
    auto const field = [&](int code) -> std::string_view {
        char const* const value = PQresultErrorField(failed, code);
        return value != nullptr ? value : "";
    };
    return {field(PG_DIAG_SQLSTATE), field(PG_DIAG_MESSAGE_PRIMARY), field(PG_DIAG_STATEMENT_POSITION),
            field(PG_DIAG_CONTEXT), field(PG_DIAG_SOURCE_FUNCTION)};
}

// The same SQLSTATEs come out of functions, from statements of theirs: those have a context.
preparation preparation_after(failure_parts const& failed, std::string_view name) noexcept {
    using enum preparation;
    if (failed.sqlstate == "26000") return names(failed.primary, name) ? forgotten : holds;
    // A parameter's type is not there any more. The server's internal errors are not translated.
    if (failed.sqlstate == "XX000" && failed.primary.starts_with("cache lookup failed for type"))
        return is_of_parameter(failed.context) ? outdated : holds;
    if (!failed.context.empty()) return holds;
    // "cached plan must not change result type"
    if (failed.sqlstate == "0A000") return failed.routine == "RevalidateCachedQuery" ? outdated : holds;
    // It was analysed again, and no longer fits: a parameter's type, say, which was found out by its column's.
    return failed.sqlstate.starts_with("42") && !failed.position.empty() ? outdated : holds;
}

} // namespace coda::pg::detail
