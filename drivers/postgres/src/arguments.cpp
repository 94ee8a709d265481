// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/arguments.hpp>

#include <fmt/format.h>

namespace coda::pg::detail {

namespace {

constexpr std::size_t most_parameters = 65'535; // Bind counts them in 16 bits

} // namespace

result<statement_view> argument_list::encode(std::string_view sql) {
    auto const& from = *of_;
    if (auto const good = check_sql(sql); good.has_error()) return good.error();
    if (from.size() > most_parameters)
        return error(coda::errc::invalid_argument,
                     fmt::format("{} parameters; PostgreSQL takes at most {}", from.size(), most_parameters));
    std::size_t total = 0;
    if (auto const good = check_parameter(from.values_.refused() != nullptr ? from.refused_at_ : from.size() - 1,
                                          from.values_, from.values_.appended().size(), total);
        from.size() > 0 && good.has_error())
        return good.error();
    pointers_.clear();
    auto const* next = reinterpret_cast<char const*>(from.values_.appended().data());
    for (std::size_t i = 0; i < from.size(); ++i) {
        bool const is_null = from.lengths_[i] == arguments::null;
        pointers_.push_back(is_null ? nullptr : from.lengths_[i] > 0 ? next : "");
        if (!is_null) next += from.lengths_[i] + (from.formats_[i] == 0 ? 1 : 0);
    }
    return statement_view{sql, from.types_, pointers_.data(), from.lengths_.data(), from.formats_.data()};
}

} // namespace coda::pg::detail
