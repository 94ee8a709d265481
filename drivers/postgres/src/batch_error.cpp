// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/batch_error.hpp>

#include <fmt/format.h>

namespace coda::pg {

batch_error::batch_error(of w, error c, std::optional<std::size_t> i, std::size_t s)
    : what(w), cause(std::move(c)), index(i), stored(s) {}

std::string batch_error::message() const {
    bool const sets = what == of::parameter_sets;
    auto text = index ? fmt::format("{} {}: {}", sets ? "parameter set" : "statement", *index, cause.message())
                      : cause.message();
    if (stored > 0) text += fmt::format(" ({} {} stand)", stored, sets ? "parameter sets" : "statements");
    return text;
}

std::optional<error_class> batch_error::kind() const noexcept {
    return stored > 0 && cause.outcome() == outcome::completed ? error_class::permanent : cause.kind();
}

error detail::failed_in_batch(batch_error::of what, error const& cause, std::optional<std::size_t> index,
                              std::size_t stored) {
    return {cause.code(), cause.outcome(), std::make_shared<batch_error>(what, cause, index, stored)};
}

} // namespace coda::pg
