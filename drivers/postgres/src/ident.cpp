// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/ident.hpp>
#include <coda/runtime/error.hpp>

namespace coda::pg {

std::string ident(std::string_view name) {
    if (name.empty()) throw exception(error(coda::errc::invalid_argument, "the name of an identifier is empty"));
    if (name.find('\0') != name.npos)
        throw exception(error(coda::errc::invalid_argument, "an identifier has a zero byte"));
    std::string quoted = "\"";
    for (char const c : name) quoted.append(c == '"' ? 2 : 1, c);
    return quoted += '"';
}

} // namespace coda::pg
