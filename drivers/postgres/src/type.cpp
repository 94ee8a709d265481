// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/type.hpp>

#include <fmt/format.h>

namespace coda::pg {

std::string type_name(oid t) {
    if (t == type::any) return "text";
    auto const* const known = std::ranges::find(detail::built_in_types, t, &detail::built_in_type::number);
    if (known != std::end(detail::built_in_types)) return std::string(known->name);
    oid const element = detail::element_of(t);
    return element != type::any ? type_name(element) + "[]" : fmt::format("type {}", t);
}

} // namespace coda::pg
