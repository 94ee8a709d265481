// SPDX-License-Identifier: BSL-1.0
#include "classify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace coda::redis {

namespace {

class driver_errors final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "coda.redis"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::connect_failed: return "connecting failed";
        case errc::needs_own_connection: return "the command needs a connection of its own";
        case errc::unsupported_command: return "the command is not supported";
        }
        return "unknown coda.redis error";
    }
    boost::system::error_condition default_error_condition(int code) const noexcept override {
        return static_cast<errc>(code) == errc::connect_failed ? error_class::connection_lost : error_class::permanent;
    }
};

// In the order of server_errc, from `err` on.
constexpr std::array<std::string_view, 24> prefixes{
    "ERR",         "WRONGTYPE", "NOAUTH",    "WRONGPASS",  "NOPERM",  "MOVED",    "ASK",        "TRYAGAIN",
    "CLUSTERDOWN", "CROSSSLOT", "LOADING",   "MASTERDOWN", "BUSY",    "NOSCRIPT", "READONLY",   "NOREPLICAS",
    "OOM",         "MISCONF",   "EXECABORT", "BUSYGROUP",  "NOGROUP", "BUSYKEY",  "UNKILLABLE", "NOPROTO"};
constexpr int first_prefix = static_cast<int>(server_errc::err);
static_assert(first_prefix + prefixes.size() - 1 == static_cast<int>(server_errc::no_protocol));

class server_errors final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "redis"; }
    std::string message(int code) const override {
        auto const at = static_cast<std::size_t>(code - first_prefix);
        return at < prefixes.size() ? fmt::format("the server answered {}", prefixes[at])
                                    : "the server answered an error";
    }
    boost::system::error_condition default_error_condition(int code) const noexcept override {
        return detail::class_of(static_cast<server_errc>(code));
    }
};

std::string_view first_word(std::string_view text) noexcept {
    auto const end = std::ranges::find_if_not(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
    auto const length = static_cast<std::size_t>(end - text.begin());
    return end == text.end() || *end == ' ' ? text.substr(0, length) : std::string_view();
}

} // namespace

boost::system::error_category const& driver_category() noexcept {
    static driver_errors const instance;
    return instance;
}

error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), driver_category()}; }

boost::system::error_category const& server_category() noexcept {
    static server_errors const instance;
    return instance;
}

error_code make_error_code(server_errc code) noexcept { return {static_cast<int>(code), server_category()}; }

std::string_view server_error::prefix() const noexcept { return first_word(text); }

std::optional<error_class> server_error::kind() const noexcept { return detail::class_of_reply(text); }

error_code code_of_reply(std::string_view text) noexcept {
    auto const known = std::ranges::find(prefixes, first_word(text));
    if (known == prefixes.end()) return server_errc::other;
    return {first_prefix + static_cast<int>(known - prefixes.begin()), server_category()};
}

} // namespace coda::redis
