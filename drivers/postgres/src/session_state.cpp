// SPDX-License-Identifier: BSL-1.0
#include "session_state.hpp"

#include <coda/postgres/error.hpp>

#include <boost/algorithm/string/case_conv.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace coda::pg::detail {

namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Of the comment that it begins with, 0: with none. Those of several lines nest.
std::size_t comment_length(std::string_view sql) noexcept {
    if (sql.starts_with("--")) return std::min(sql.find_first_of("\r\n"), sql.size());
    std::size_t at = 0, depth = 0;
    while (at < sql.size()) {
        bool const opens = sql.substr(at).starts_with("/*");
        bool const closes = depth > 0 && sql.substr(at).starts_with("*/");
        depth = opens ? depth + 1 : closes ? depth - 1 : depth;
        if (!opens && depth == 0) return closes ? at + 2 : 0;
        at += opens || closes ? 2 : 1;
    }
    return sql.size();
}

// Behind blanks and comments.
std::string_view without_comments(std::string_view sql) noexcept {
    while (true) {
        sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n\f\v;"), sql.size()));
        auto const comment = comment_length(sql);
        if (comment == 0) return sql;
        sql.remove_prefix(comment);
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
constexpr std::array<std::string_view, 11> of_transactions = {
    "abort", "begin", "commit", "declare", "end", "fetch", "lock", "release", "rollback", "savepoint", "start"};
constexpr std::array<std::string_view, 2> temporary = {"temp", "temporary"};
constexpr std::array<std::string_view, 2> kinds_of_temporary = {"local", "global"};

bool is_in_name(char c) noexcept {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '$' || static_cast<unsigned char>(c) > 127;
}

// "temp", "local temporary" ...
bool is_temporary(std::string_view sql) noexcept {
    auto word = take_word(sql);
    if (is_one_of(word, kinds_of_temporary)) word = take_word(sql);
    return is_one_of(word, temporary) && (sql.empty() || !is_in_name(sql.front()));
}

std::size_t find_word(std::string_view sql, std::string_view lower, std::size_t from) noexcept {
    auto const is_at = [&](std::size_t at) {
        auto const ends = [&](std::size_t i) { return i >= sql.size() || !is_in_name(sql[i]); };
        return same_word(sql.substr(at, lower.size()), lower) && ends(at + lower.size()) && (at == 0 || ends(at - 1));
    };
    for (; from + lower.size() <= sql.size(); ++from)
        if ((sql[from] | 0x20) == lower.front() && is_at(from)) return from;
    return sql.npos;
}

// pg_temp, the schema that they are in, and a name in it. (It may well be in a function's search_path.)
bool names_their_schema(std::string_view sql) noexcept {
    for (std::size_t at = 0; (at = find_word(sql, "pg_temp", at)) != sql.npos; ++at) {
        auto const behind = sql.substr(at + 7);
        auto const next = behind.find_first_not_of("\" \t\r\n");
        if (next != behind.npos && behind[next] == '.') return true;
    }
    return false;
}

// As far as the name of what is created: behind it may be a function's body.
bool creates_temporary(std::string_view sql) noexcept {
    sql = sql.substr(0, sql.find_first_of("('$"));
    auto after_replace = sql;
    if (same_word(take_word(after_replace), "or") && same_word(take_word(after_replace), "replace"))
        sql = after_replace;
    return is_temporary(sql) || names_their_schema(sql);
}

// Of the literal or quoted name at this place, 0: there is none (PostgreSQL manual, 4.1.2).
std::size_t quoted_length(std::string_view sql, std::size_t at) noexcept {
    auto const rest = sql.substr(at);
    std::size_t end = rest.npos;
    if (rest.front() == '$' && (at == 0 || !is_in_name(sql[at - 1]))) {
        auto const tag = rest.substr(0, std::min(rest.find('$', 1), rest.size() - 1) + 1);
        bool const is_tag = tag.size() > 1 && tag.back() == '$' && !(tag[1] >= '0' && tag[1] <= '9') &&
                            std::ranges::all_of(tag, is_in_name);
        if (!is_tag) return 0;
        end = rest.find(tag, tag.size());
        return end == rest.npos ? rest.size() : end + tag.size();
    }
    if (rest.front() != '\'' && rest.front() != '"') return 0;
    bool const escapes =
        rest.front() == '\'' && at > 0 && (sql[at - 1] | 0x20) == 'e' && (at == 1 || !is_in_name(sql[at - 2]));
    for (end = 1; end < rest.size(); ++end) {
        bool const is_doubled = rest.substr(end, 2) == std::string_view(rest.front() == '"' ? "\"\"" : "''");
        if (is_doubled || (escapes && rest[end] == '\\'))
            ++end;
        else if (rest[end] == rest.front())
            break;
    }
    return std::min(end + 1, rest.size());
}

// Of the literal, quoted name or comment at this place.
std::size_t quoted_or_comment(std::string_view sql, std::size_t at) noexcept {
    return std::max(comment_length(sql.substr(at)), quoted_length(sql, at));
}

// In the statement itself: in no literal, quoted name or comment.
bool is_code(std::string_view sql, std::size_t at) noexcept {
    std::size_t i = 0;
    while (i < at) i += std::max<std::size_t>(quoted_or_comment(sql, i), 1);
    return i == at;
}

// Of a call, what follows its function's name: the last of its arguments. None: it is no call.
std::optional<std::string_view> last_argument(std::string_view sql) noexcept {
    sql = without_comments(sql);
    if (!sql.starts_with('(')) return {};
    std::size_t begin = 1, at = 1;
    for (std::size_t depth = 1; at < sql.size(); at += std::max<std::size_t>(quoted_or_comment(sql, at), 1)) {
        char const c = sql[at];
        if (c == '(' || c == '[') ++depth;
        if ((c == ')' || c == ']') && --depth == 0) break;
        if (c == ',' && depth == 1) begin = at + 1;
    }
    return sql.substr(begin, at - begin);
}

// set_config's is_local, as a literal: what it sets ends with the transaction that the statement is.
bool is_local(std::string_view argument) noexcept {
    constexpr std::string_view name = "is_local";
    argument = without_comments(argument);
    if (same_word(argument.substr(0, name.size()), name)) {
        argument = without_comments(argument.substr(name.size()));
        if (!argument.starts_with("=>") && !argument.starts_with(":=")) return false;
        argument = without_comments(argument.substr(2));
    }
    auto const word = take_word(argument);
    return same_word(word, "true") && without_comments(argument).empty();
}

// Of the name that ends here: whether it is without a schema, or in PostgreSQL's own.
bool is_of_catalog(std::string_view before_name) noexcept {
    constexpr std::string_view catalog = "pg_catalog";
    if (!before_name.ends_with('.')) return true;
    before_name.remove_suffix(1);
    if (before_name.ends_with('"')) before_name.remove_suffix(1);
    auto const begin = before_name.size() - std::min(before_name.size(), catalog.size());
    return same_word(before_name.substr(begin), catalog);
}

// The first name in the statement itself, in no literal or comment, such that `fits(name, what follows it)`; "": none.
template <class Fits>
std::string_view find_name(std::string_view sql, Fits fits) noexcept {
    for (std::size_t at = 0; at < sql.size();) {
        auto const rest = sql.substr(at);
        auto const skipped = quoted_or_comment(sql, at);
        auto const length =
            skipped > 0 ? skipped : static_cast<std::size_t>(std::ranges::find_if_not(rest, is_in_name) - rest.begin());
        bool const is_name = length > 0 && (skipped == 0 || (rest.front() == '"' && length > 2));
        auto const name = skipped == 0 ? rest.substr(0, length) : rest.substr(1, length - 2);
        if (is_name && is_of_catalog(sql.substr(0, at)) && fits(name, rest.substr(length))) return name;
        at += std::max<std::size_t>(length, 1);
    }
    return {};
}

// Whether a long text is worth a look at each of its words: set_config and the locks have one of these endings.
bool may_leave_something(std::string_view sql) noexcept {
    for (auto at = sql.find('_'); at != sql.npos; at = sql.find('_', at + 1))
        if (same_word(sql.substr(at, 7), "_config") || same_word(sql.substr(at, 5), "_lock")) return true;
    return false;
}

// The functions that leave something behind on a session, whatever their statement does: which of them it calls, if
// any.
std::string_view lasting_call(std::string_view sql) noexcept {
    constexpr std::array<std::string_view, 4> locks = {"pg_advisory_lock", "pg_try_advisory_lock",
                                                       "pg_advisory_lock_shared", "pg_try_advisory_lock_shared"};
    if (!may_leave_something(sql)) return {};
    return find_name(sql, [&](std::string_view name, std::string_view behind) {
        bool const sets = same_word(name, "set_config");
        if (!sets && !is_one_of(name, locks)) return false;
        auto const argument = last_argument(behind);
        return argument && !(sets && is_local(*argument));
    });
}

// Whether what a statement that begins like this calls is called now. What defines something only names it, but for the
// tables that are made of a query.
bool runs_functions(std::string_view first, std::string_view sql) noexcept {
    constexpr std::array<std::string_view, 6> define = {"alter", "comment", "drop", "grant", "revoke", "security"};
    constexpr std::array<std::string_view, 3> of_query = {"table", "unlogged", "materialized"};
    if (!same_word(first, "create")) return !is_one_of(first, define);
    return is_one_of(take_word(sql), of_query);
}

// Of EXPLAIN.
std::string_view behind_options(std::string_view sql) noexcept {
    constexpr std::array<std::string_view, 3> options = {"analyze", "analyse", "verbose"};
    sql = without_comments(sql);
    if (sql.starts_with('(')) return sql.substr(std::min(sql.find(')'), sql.size() - 1) + 1);
    auto rest = sql;
    while (is_one_of(take_word(rest), options)) sql = rest;
    return sql;
}

// SELECT ... INTO TEMP t, of a statement that begins like this.
bool selects_into_temporary(std::string_view first, std::string_view sql) noexcept {
    constexpr std::array<std::string_view, 3> select = {"select", "with", ""};
    if (!is_one_of(first, select)) return false;
    for (std::size_t at = 0; (at = find_word(sql, "into", at)) != sql.npos; at += 4) {
        auto const before = sql.substr(0, sql.find_last_not_of(" \t\r\n", at - (at > 0 ? 1 : 0)) + 1);
        auto const follows = [&](std::string_view word) {
            return before.size() >= word.size() && same_word(before.substr(before.size() - word.size()), word);
        };
        auto const target = sql.substr(at + 4);
        bool const temporary_one = is_temporary(target) || names_their_schema(target.substr(0, 64));
        if (temporary_one && !follows("insert") && !follows("merge") && is_code(sql, at)) return true;
    }
    return false;
}

// Of COPY: a file of the server's is none of ours.
bool copies_to_or_from_us(std::string_view sql) noexcept {
    for (std::string_view const peer : {"stdin", "stdout"})
        for (std::size_t at = 0; (at = find_word(sql, peer, at)) != sql.npos; at += peer.size())
            if (is_code(sql, at)) return true;
    return false;
}

error would_change(std::string_view what, std::string_view instead) {
    return error(make_error_code(errc::needs_own_connection),
                 fmt::format("{} would change the session for all who share it; {}", what, instead));
}

} // namespace

result<> check_shareable(std::string_view sql) {
    auto first = take_word(sql);
    if (same_word(first, "copy") && copies_to_or_from_us(sql)) return error(errc::copy_refused, outcome::not_sent);
    bool runs = true;
    if (same_word(first, "explain")) {
        auto const explained = behind_options(sql);
        auto const options = sql.substr(0, sql.size() - explained.size());
        runs = find_word(options, "analyze", 0) != sql.npos || find_word(options, "analyse", 0) != sql.npos;
        sql = explained;
        first = take_word(sql);
    }
    bool const is_of_session = is_one_of(first, of_sessions);
    bool const is_temporary_target =
        same_word(first, "create") ? creates_temporary(sql) : !is_of_session && selects_into_temporary(first, sql);
    if (is_of_session || is_temporary_target) {
        auto const what =
            is_temporary_target ? "a temporary table" : boost::algorithm::to_upper_copy(std::string(first));
        return would_change(what, is_one_of(first, of_transactions)
                                      ? "use client::transaction, or lease a coda::pg::connection"
                                      : "lease a coda::pg::connection for it");
    }
    auto const call = runs && runs_functions(first, sql) ? lasting_call(sql) : std::string_view();
    if (call.empty()) return {};
    return would_change(call, same_word(call, "set_config")
                                  ? "give it true as its last argument, use transaction::set_local, or lease a "
                                    "coda::pg::connection for it"
                                  : "use client::advisory_lock");
}

bool sets_anything(std::string_view sql) noexcept {
    auto const sets = [](std::string_view name, std::string_view behind) {
        return same_word(name, "set_config") && last_argument(behind).has_value();
    };
    return may_leave_something(sql) && !find_name(sql, sets).empty();
}

result<> check_inside_transaction(std::string_view sql) {
    constexpr std::array<std::string_view, 6> that_end_it = {"abort", "begin", "commit", "end", "rollback", "start"};
    auto const first = take_word(sql);
    bool const prepares = same_word(first, "prepare") && same_word(take_word(sql), "transaction");
    if (!prepares && !is_one_of(first, that_end_it)) return {};
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

bool is_of_data(std::string_view sql) noexcept {
    constexpr std::array<std::string_view, 4> changes = {"insert", "update", "delete", "merge"};
    return is_query(sql) || is_one_of(take_word(sql), changes);
}

bool is_worth_preparing(std::string_view sql) noexcept {
    constexpr std::array<std::string_view, 4> of_cursors = {"close", "declare", "fetch", "move"};
    constexpr std::size_t longest = 65'536;
    return sql.size() <= longest && !is_one_of(take_word(sql), of_cursors);
}

bool changes_session(std::string_view command_tag) noexcept {
    constexpr std::string_view tags[] = {"BEGIN", "START TRANSACTION", "SAVEPOINT",   "SET",    "RESET", "LISTEN",
                                         "LOAD",  "DECLARE CURSOR",    "DISCARD ALL", "PREPARE"};
    return std::ranges::find(tags, command_tag) != std::end(tags);
}

error changed_for_all(std::string_view what) noexcept {
    std::array<char, 160> text;
    auto const length = fmt::format_to_n(text.data(), text.size(),
                                         "it changed the session for all who share it ({}); lease a "
                                         "coda::pg::connection for it",
                                         what);
    return described(make_error_code(errc::needs_own_connection), {text.data(), std::min(length.size, text.size())},
                     outcome::completed);
}

bool forgets_statements(std::string_view command_tag) noexcept {
    return command_tag == "DEALLOCATE ALL" || command_tag == "DISCARD ALL";
}

} // namespace coda::pg::detail
