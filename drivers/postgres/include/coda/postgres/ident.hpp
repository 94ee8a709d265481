// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace coda::pg {

/// A name (of a table, a column, a role ...) as SQL has it, quoted, whatever is in it: for what cannot be a parameter.
///
///     auto const sql = "select count(*) from " + coda::pg::ident(schema, table);
///
/// It means just this name, upper and lower case told apart (PostgreSQL manual, 4.1.1). Throws `exception`
/// (coda::errc::invalid_argument) for an empty name and for a zero byte, which no name has. The server cuts off what is
/// longer than 63 bytes.
std::string ident(std::string_view name);

/// The same with what it is in: `ident("public", "Order")` is "public"."Order".
template <std::convertible_to<std::string_view>... Names>
    requires(sizeof...(Names) > 0)
std::string ident(std::string_view outer, Names const&... inner) {
    return (ident(outer) + ... + ("." + ident(std::string_view(inner))));
}

} // namespace coda::pg
