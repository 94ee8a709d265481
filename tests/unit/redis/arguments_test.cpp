// SPDX-License-Identifier: BSL-1.0
#include <coda/redis/detail/arguments.hpp>
#include <coda/redis/error.hpp>

#include <gmock/gmock.h>

#include <list>
#include <ranges>

namespace redis_arguments_test {

using namespace std::string_literals;
using coda::redis::errc;
using coda::redis::detail::arguments_for;
using coda::redis::detail::check_command;
using coda::redis::detail::check_size;
using coda::redis::detail::command_view;
using coda::redis::detail::sharing;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts_of(command_view const& c) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < c.count; ++i) texts.emplace_back(c[i]);
    return texts;
}

template <class... Args>
std::vector<std::string> encoded(Args&&... args) {
    arguments_for<Args...> values(std::in_place, std::forward<Args>(args)...);
    auto moved = std::move(values); // into a coroutine's frame
    return texts_of(moved.encode().value());
}

TEST(arguments, are_texts_and_numbers) {
    std::string const key = "key";
    std::string_view const view = "view";
    EXPECT_THAT(encoded("SET", key, view, std::string("given away"), 1, -2L, 3u, std::int64_t(-9223372036854775807 - 1),
                        std::uint64_t(18446744073709551615u), short(4)),
                ElementsAre("SET", "key", "view", "given away", "1", "-2", "3", "-9223372036854775808",
                            "18446744073709551615", "4"));
    EXPECT_THAT(encoded("X", 0.1, 1e300, -2.0f), ElementsAre("X", "0.1", "1e+300", "-2"));
}

TEST(arguments, are_binary_safe) {
    auto const bytes = "a\0b\r\n$1"s;
    EXPECT_THAT(encoded("SET", bytes, std::string_view(), ""), ElementsAre("SET", bytes, "", ""));
}

TEST(arguments, of_a_range_that_makes_its_texts_are_kept) {
    std::vector<int> const ids{1, 20, 300};
    auto const name = [](int id) {
        return "a name too long for a string without memory of its own " + std::to_string(id);
    };
    auto const names = ids | std::views::transform(name);
    EXPECT_THAT(encoded("DEL", names), ElementsAre("DEL", name(1), name(20), name(300)));
    EXPECT_THAT(encoded("DEL", ids | std::views::transform(name)), ElementsAre("DEL", name(1), name(20), name(300)));
    auto const views = ids | std::views::transform([](int) { return std::string_view("there"); });
    EXPECT_THAT(encoded("DEL", views), ElementsAre("DEL", "there", "there", "there"));
}

TEST(arguments, of_a_range_are_one_each) {
    std::vector<std::string> const keys{"a", "b"};
    std::list<char const*> const more{"c"};
    EXPECT_THAT(encoded("DEL", keys, more, std::vector<std::string_view>{"d", "e"}, std::vector<std::string>(), "f"),
                ElementsAre("DEL", "a", "b", "c", "d", "e", "f"));
}

TEST(arguments, that_are_optional_may_be_left_out) {
    EXPECT_THAT(encoded("SET", std::optional<std::string_view>("NX"), std::optional<int>(), std::optional<int>(5),
                        std::optional<std::string>()),
                ElementsAre("SET", "NX", "5"));
}

TEST(arguments, that_the_caller_owns_are_not_copied) {
    std::string const key = "key";
    arguments_for<char const(&)[4], std::string const&> values(std::in_place, "GET", key);
    auto const c = values.encode().value();
    EXPECT_EQ(c.texts[1], key.data());
}

TEST(arguments, too_many_or_too_large_are_refused) {
    EXPECT_TRUE(check_size(1 << 20, 512 << 20));
    EXPECT_THAT(check_size((1 << 20) + 1, 0).error().message(), HasSubstr("at most 1048576 arguments, not 1048577"));
    EXPECT_THAT(check_size(1, (512 << 20) + 1).error().message(), HasSubstr("at most 536870912 bytes, not 536870913"));
    EXPECT_EQ(check_size(1, (512 << 20) + 1).error().code(), coda::errc::invalid_argument);
}

coda::error_code verdict(std::vector<std::string> const& words, sharing where) {
    arguments_for<std::vector<std::string> const&> values(std::in_place, words);
    auto const r = check_command(values.encode().value(), where);
    return r.has_error() ? r.error().code() : coda::error_code();
}

TEST(commands, of_everyday_pass_everywhere) {
    for (auto const& words : std::vector<std::vector<std::string>>{{"GET", "k"},
                                                                   {"set", "k", "v"},
                                                                   {"EXISTS"},
                                                                   {"EVAL", "x", "0"},
                                                                   {"XREAD", "STREAMS", "BLOCK", "0"},
                                                                   {"XREADGROUP", "GROUP", "block", "block", "STREAMS"},
                                                                   {"CLIENT", "LIST"},
                                                                   {"CLIENT"},
                                                                   {"PING"},
                                                                   {"WAITING"},
                                                                   {"Multiply"}}) {
        EXPECT_EQ(verdict(words, sharing::shared), coda::error_code()) << words[0];
        EXPECT_EQ(verdict(words, sharing::exclusive), coda::error_code()) << words[0];
    }
}

TEST(commands, that_break_the_order_of_replies_are_refused_everywhere) {
    for (auto const& words : std::vector<std::vector<std::string>>{{"SUBSCRIBE", "c"},
                                                                   {"subscribe", "c"},
                                                                   {"PSUBSCRIBE", "c"},
                                                                   {"SSUBSCRIBE", "c"},
                                                                   {"UNSUBSCRIBE"},
                                                                   {"PUNSUBSCRIBE"},
                                                                   {"SUNSUBSCRIBE"},
                                                                   {"MONITOR"},
                                                                   {"pMonitor"},
                                                                   {"SYNC"},
                                                                   {"PSYNC", "?", "-1"},
                                                                   {"REPLCONF", "ACK", "0"},
                                                                   {"CLIENT", "REPLY", "OFF"},
                                                                   {"client", "reply", "skip"},
                                                                   {"HELLO", "3"},
                                                                   {"HELLO", "3", "AUTH", "a", "b"}}) {
        EXPECT_EQ(verdict(words, sharing::shared), errc::unsupported_command) << words[0];
        EXPECT_EQ(verdict(words, sharing::exclusive), errc::unsupported_command) << words[0];
    }
}

TEST(commands, that_change_or_block_a_connection_need_their_own) {
    for (auto const& words :
         std::vector<std::vector<std::string>>{{"MULTI"},
                                               {"exec"},
                                               {"DISCARD"},
                                               {"WATCH", "k"},
                                               {"UNWATCH"},
                                               {"SELECT", "1"},
                                               {"SCRIPT", "DEBUG", "YES"},
                                               {"AUTH", "x"},
                                               {"HELLO", "2"},
                                               {"HELLO"},
                                               {"QUIT"},
                                               {"RESET"},
                                               {"ASKING"},
                                               {"READONLY"},
                                               {"READWRITE"},
                                               {"CLIENT", "REPLY", "ON"},
                                               {"CLIENT", "TRACKING", "ON"},
                                               {"BLPOP", "k", "0"},
                                               {"BRPOP", "k", "0"},
                                               {"BRPOPLPUSH", "a", "b", "0"},
                                               {"BLMOVE", "a"},
                                               {"BLMPOP", "0"},
                                               {"BZPOPMIN", "k"},
                                               {"BZPOPMAX", "k"},
                                               {"BZMPOP", "0"},
                                               {"WAIT", "1", "0"},
                                               {"XREAD", "BLOCK", "0", "STREAMS", "s", "$"},
                                               {"WAITAOF", "1", "1", "0"},
                                               {"XREADGROUP", "GROUP", "g", "c", "block", "0", "STREAMS"},
                                               {"XREADGROUP", "GROUP", "STREAMS", "c", "BLOCK", "0", "STREAMS"}}) {
        EXPECT_EQ(verdict(words, sharing::shared), errc::needs_own_connection) << words[0];
        EXPECT_EQ(verdict(words, sharing::exclusive), coda::error_code()) << words[0];
    }
    arguments_for<char const(&)[6]> values(std::in_place, "MULTI");
    EXPECT_THAT(check_command(values.encode().value(), sharing::shared).error().message(),
                HasSubstr("MULTI: it would change the connection for all who share it; lease a"));
}

bool blocks(std::vector<std::string> const& words) {
    arguments_for<std::vector<std::string> const&> values(std::in_place, words);
    return may_block(values.encode().value());
}

TEST(commands, that_may_block_are_known_by_their_arguments) {
    for (auto const& words : std::vector<std::vector<std::string>>{{"BLPOP", "k", "0"},
                                                                   {"blpop", "k", "0"},
                                                                   {"BRPOP", "k", "0"},
                                                                   {"BRPOPLPUSH", "a", "b", "0"},
                                                                   {"BLMOVE", "a", "b", "LEFT", "LEFT", "0"},
                                                                   {"BLMPOP", "0", "1", "k", "LEFT"},
                                                                   {"BZPOPMIN", "k", "0"},
                                                                   {"BZPOPMAX", "k", "0"},
                                                                   {"BZMPOP", "0", "1", "k", "MIN"},
                                                                   {"wait", "1", "0"},
                                                                   {"WAITAOF", "1", "0", "0"},
                                                                   {"xread", "COUNT", "1", "block", "0", "STREAMS"}})
        EXPECT_TRUE(blocks(words)) << words[0];
    for (auto const& words : std::vector<std::vector<std::string>>{{"GET", "BLPOP"},
                                                                   {"BITCOUNT", "k"},
                                                                   {"WATCH", "k"},
                                                                   {"XADD", "BLOCK", "*", "a", "b"},
                                                                   {"XREAD"},
                                                                   {"XREADGROUP", "GROUP"},
                                                                   {"MULTI"}})
        EXPECT_FALSE(blocks(words)) << words[0];
}

// hiredis looks for the names of its own commands in the text that is sent, line end included.
TEST(commands, whose_name_is_no_word_are_refused) {
    for (auto const& name : {""s, "SUBSCRIBE\r\nx"s, "GET "s, "G\0T"s, "\xc3\xa9"s, "A\x7f"s})
        EXPECT_EQ(verdict({name}, sharing::exclusive), coda::errc::invalid_argument) << name;
    EXPECT_EQ(verdict({}, sharing::exclusive), coda::errc::invalid_argument) << "nothing at all";
}

} // namespace redis_arguments_test
