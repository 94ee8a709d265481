// SPDX-License-Identifier: BSL-1.0
#include <coda/redis/detail/extract.hpp>
#include <coda/redis/error.hpp>

#include <fmt/format.h>

namespace coda::redis::detail {

namespace {

// Of a text, the whole of it.
template <class T>
bool parse(std::string_view text, T& to) noexcept {
    auto const end = text.data() + text.size();
    auto const parsed = std::from_chars(text.data(), end, to);
    return parsed.ec == std::errc() && parsed.ptr == end && !text.empty();
}

error not_as_asked(std::string message) {
    return {make_error_code(coda::errc::type_mismatch), std::move(message), outcome::completed};
}

} // namespace

error server_failure(std::string_view text) {
    return {code_of_reply(text), outcome::completed, std::make_shared<server_error>(std::string(text))};
}

bool mismatch(std::string_view expected, reply_view got, error& why) {
    if (got.kind() == reply_kind::error)
        why = server_failure(got.text());
    else
        why = not_as_asked(fmt::format("expected {}, got {}", expected, to_string(got.kind())));
    return false;
}

bool wrong_size(std::size_t expected, reply_view got, error& why) {
    why = not_as_asked(fmt::format("expected an array of {}, got an array of {}", expected, got.size()));
    return false;
}

bool read_integer(reply_view from, std::int64_t& to) noexcept {
    if (from.kind() == reply_kind::string) return parse(from.text(), to);
    to = from.integer();
    return from.kind() == reply_kind::integer;
}

bool read_double(reply_view from, double& to) noexcept {
    if (from.kind() == reply_kind::string) return parse(from.text(), to);
    to = static_cast<double>(from.integer());
    return from.kind() == reply_kind::integer;
}

} // namespace coda::redis::detail
