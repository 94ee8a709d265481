// SPDX-License-Identifier: BSL-1.0
#include <coda/redis/detail/arguments.hpp>
#include <coda/redis/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda::redis::detail {

namespace {

// What a server takes unless it is configured otherwise (proto-max-bulk-len, and its own limit of arguments): more
// costs the connection, and with it what others have in flight.
constexpr std::size_t most_bytes = std::size_t{512} << 20;
constexpr std::size_t most_arguments = std::size_t{1} << 20;

bool same_word(std::string_view a, std::string_view capitals) noexcept {
    return a.size() == capitals.size() && std::ranges::equal(a, capitals, [](char x, char y) {
               return (x >= 'a' && x <= 'z' ? static_cast<char>(x - 'a' + 'A') : x) == y;
           });
}

template <class... Words>
bool is_one_of(std::string_view word, Words... words) noexcept {
    return (same_word(word, words) || ...);
}

error refused(errc code, std::string_view name, std::string_view instead) {
    return {make_error_code(code), fmt::format("{}: {}", name, instead)};
}

// Or answers nothing. Beside the plain names, those with one more P in front: hiredis takes these for the same.
bool pushes_messages(std::string_view name) noexcept {
    if (is_one_of(name, "SSUBSCRIBE", "SUNSUBSCRIBE", "SYNC", "PSYNC", "REPLCONF")) return true;
    if (!name.empty() && (name[0] == 'p' || name[0] == 'P')) name.remove_prefix(1);
    return is_one_of(name, "SUBSCRIBE", "UNSUBSCRIBE", "MONITOR");
}

// Commands whose replies cannot be told apart from those of others.
bool breaks_pairing(command_view c) noexcept {
    if (pushes_messages(c[0])) return true;
    if (c.count < 2) return false;
    if (same_word(c[0], "CLIENT") && same_word(c[1], "REPLY")) return c.count < 3 || !same_word(c[2], "ON");
    return same_word(c[0], "HELLO") && c[1] != "2";
}

// An XREAD's options come before the names of its streams; those of a group and a consumer may be any word.
bool has_block_option(command_view c) noexcept {
    for (std::size_t i = 1; i < c.count && !same_word(c[i], "STREAMS"); ++i) {
        if (same_word(c[i], "BLOCK")) return true;
        if (same_word(c[i], "GROUP")) i += 2;
    }
    return false;
}

bool changes_connection(command_view c) noexcept {
    if (same_word(c[0], "CLIENT"))
        return c.count >= 2 && is_one_of(c[1], "REPLY", "TRACKING", "CACHING", "NO-EVICT", "NO-TOUCH");
    if (same_word(c[0], "SCRIPT")) return c.count >= 2 && same_word(c[1], "DEBUG");
    return is_one_of(c[0], "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH", "SELECT", "AUTH", "HELLO", "QUIT", "RESET",
                     "ASKING", "READONLY", "READWRITE");
}

// All commands of the lists above begin with one of these: most others are let pass at once.
bool may_be_special(char first) noexcept {
    constexpr std::string_view letters = "ABCDEHMPQRSUWX";
    return letters.find(first >= 'a' ? static_cast<char>(first - 'a' + 'A') : first) != std::string_view::npos;
}

} // namespace

bool may_block(command_view command) noexcept {
    std::string_view const name = command[0];
    constexpr std::string_view letters = "BbWwXx";
    if (letters.find(name[0]) == std::string_view::npos) return false;
    if (is_one_of(name, "XREAD", "XREADGROUP")) return has_block_option(command);
    return is_one_of(name, "BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT",
                     "WAITAOF");
}

result<> check_command(command_view command, sharing where) {
    std::string_view const name = command.count > 0 ? command[0] : std::string_view();
    // hiredis looks for commands of its own in the text that it sends, line ends included.
    bool const plain = !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
    if (!plain)
        return error(make_error_code(coda::errc::invalid_argument),
                     "a command's name must be one word of printable characters");
    if (!may_be_special(name[0])) return {};
    if (breaks_pairing(command))
        return refused(errc::unsupported_command, name, "its replies could not be told from those of other commands");
    if (where == sharing::exclusive) return {};
    if (may_block(command))
        return refused(errc::needs_own_connection, name,
                       "it would block all who share the connection; lease a coda::redis::connection for it");
    if (changes_connection(command))
        return refused(errc::needs_own_connection, name,
                       "it would change the connection for all who share it; lease a coda::redis::connection for it");
    return {};
}

result<> check_size(std::size_t count, std::size_t total) {
    if (count > most_arguments)
        return error(make_error_code(coda::errc::invalid_argument),
                     fmt::format("a command must have at most {} arguments, not {}", most_arguments, count));
    if (total > most_bytes)
        return error(make_error_code(coda::errc::invalid_argument),
                     fmt::format("a command must have at most {} bytes, not {}", most_bytes, total));
    return {};
}

} // namespace coda::redis::detail
