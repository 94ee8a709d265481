// SPDX-License-Identifier: BSL-1.0
#include "session_state.hpp"

#include <coda/postgres/error.hpp>

#include <boost/algorithm/string/case_conv.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace coda::pg::detail {

namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Behind blanks and comments; those of several lines nest.
std::string_view without_comments(std::string_view sql) noexcept {
    while (true) {
        sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n\f\v;"), sql.size()));
        if (sql.starts_with("--")) {
            sql.remove_prefix(std::min(sql.find_first_of("\r\n"), sql.size()));
        } else if (sql.starts_with("/*")) {
            std::size_t depth = 0;
            do {
                bool const opens = sql.starts_with("/*");
                bool const closes = sql.starts_with("*/");
                depth = opens ? depth + 1 : closes ? depth - 1 : depth;
                sql.remove_prefix(opens || closes ? 2 : 1);
            } while (depth > 0 && !sql.empty());
        } else {
            return sql;
        }
    }
}

std::string_view take_word(std::string_view& sql) noexcept {
    sql = without_comments(sql);
    auto const word = sql.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(sql, is_letter) - sql.begin()));
    sql.remove_prefix(word.size());
    return word;
}

bool same_word(std::string_view a, std::string_view b) noexcept {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

template <std::size_t N>
bool is_one_of(std::string_view word, std::array<std::string_view, N> const& words) noexcept {
    return std::ranges::any_of(words, [&](auto w) { return same_word(word, w); });
}

constexpr std::array<std::string_view, 21> of_sessions = {
    "abort", "begin",   "close",   "commit", "deallocate", "declare",   "discard", "end",   "fetch", "listen",  "load",
    "move",  "prepare", "release", "reset",  "rollback",   "savepoint", "set",     "start", "lock",  "unlisten"};
constexpr std::array<std::string_view, 2> temporary = {"temp", "temporary"};
constexpr std::array<std::string_view, 2> kinds_of_temporary = {"local", "global"};

} // namespace

result<> check_shareable(std::string_view sql) {
    auto const first = take_word(sql);
    bool refused = is_one_of(first, of_sessions);
    if (same_word(first, "create")) {
        auto next = take_word(sql);
        if (is_one_of(next, kinds_of_temporary)) next = take_word(sql);
        refused = is_one_of(next, temporary);
    }
    if (!refused) return {};
    return error(make_error_code(errc::needs_own_connection),
                 fmt::format("{} would change the session for all who share it; lease a coda::pg::connection for it",
                             boost::algorithm::to_upper_copy(std::string(first))));
}

result<> check_inside_transaction(std::string_view sql) {
    constexpr std::array<std::string_view, 6> of_transactions = {"abort", "begin",    "commit",
                                                                 "end",   "rollback", "start"};
    auto const first = take_word(sql);
    bool const prepares = same_word(first, "prepare") && same_word(take_word(sql), "transaction");
    if (!prepares && !is_one_of(first, of_transactions)) return {};
    return error(make_error_code(coda::errc::invalid_argument),
                 fmt::format("{} inside a transaction: it ends with its body; for a part of it there is savepoint",
                             boost::algorithm::to_upper_copy(std::string(first))));
}

bool is_query(std::string_view sql) noexcept {
    constexpr std::array<std::string_view, 4> queries = {"select", "with", "values", "table"};
    sql = without_comments(sql);
    while (sql.starts_with('(')) sql = without_comments(sql.substr(1));
    return is_one_of(take_word(sql), queries);
}

bool is_worth_preparing(std::string_view sql) noexcept {
    constexpr std::array<std::string_view, 4> of_cursors = {"close", "declare", "fetch", "move"};
    return !is_one_of(take_word(sql), of_cursors);
}

bool changes_session(std::string_view command_tag) noexcept {
    constexpr std::string_view tags[] = {"BEGIN", "START TRANSACTION", "SAVEPOINT",   "SET",    "RESET", "LISTEN",
                                         "LOAD",  "DECLARE CURSOR",    "DISCARD ALL", "PREPARE"};
    return std::ranges::find(tags, command_tag) != std::end(tags);
}

bool forgets_statements(std::string_view command_tag) noexcept {
    return command_tag == "DEALLOCATE ALL" || command_tag == "DISCARD ALL";
}

} // namespace coda::pg::detail
