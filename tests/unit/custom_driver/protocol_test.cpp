// SPDX-License-Identifier: BSL-1.0
#include "protocol.hpp"

#include <gmock/gmock.h>
#include <memcached/error.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace custom_driver_protocol_test {

using namespace std::chrono_literals;
using namespace memcached::detail;
using memcached::errc;
using progress = reply_parser::progress;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::size_t largest = 1000;

// All replies in `bytes`, which come in pieces of `size`. Ends early when they are malformed.
std::vector<reply> replies(std::string_view bytes, std::size_t size) {
    reply_parser parser(largest);
    std::vector<reply> found;
    while (!bytes.empty()) {
        auto const length = std::min(size, bytes.size());
        auto piece = bytes.substr(0, length);
        bytes.remove_prefix(length);
        while (true) {
            auto const now = parser.feed(piece);
            if (now == progress::malformed) return found;
            if (now == progress::more) break;
            found.push_back(parser.take());
        }
        EXPECT_TRUE(piece.empty());
    }
    return found;
}

reply one(std::string_view bytes) {
    auto found = replies(bytes, bytes.size());
    EXPECT_EQ(found.size(), 1u) << bytes;
    return found.empty() ? reply() : std::move(found[0]);
}

TEST(memcached_parser, reads_the_same_from_pieces_of_any_size) {
    using namespace std::string_literals;
    auto const bytes =
        "STORED\r\nVALUE key 0 7\r\na\r\nEND\0\r\nEND\r\nEND\r\n42\r\nSTAT pid 7\r\nSTAT name two words\r\nEND\r\n"
        "VA 2 kkey W\r\nhi\r\nHD kkey\r\nCLIENT_ERROR no\r\nVALUE empty 0 0\r\n\r\nEND\r\n"s;
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        auto const r = replies(bytes, size);
        ASSERT_EQ(r.size(), 9u) << size;
        EXPECT_EQ(r[0].line, "STORED");
        EXPECT_EQ(r[1].key, "key");
        EXPECT_EQ(r[1].value, "a\r\nEND\0"s);
        EXPECT_EQ(r[1].line, "END");
        EXPECT_EQ(r[2].line, "END");
        EXPECT_EQ(r[2].value, std::nullopt);
        EXPECT_EQ(r[3].line, "42");
        EXPECT_THAT(r[4].stats, ElementsAre(Pair("pid", "7"), Pair("name", "two words")));
        EXPECT_EQ(r[5].line, "VA 2 kkey W");
        EXPECT_EQ(r[5].value, "hi");
        EXPECT_EQ(r[6].line, "HD kkey");
        EXPECT_EQ(r[7].line, "CLIENT_ERROR no");
        EXPECT_EQ(r[8].value, "");
    }
}

TEST(memcached_parser, refuses_what_is_no_reply) {
    std::vector<std::string> const wrong{
        "\r\n",
        "STORED\n",
        "VALUE\r\n",
        "VALUE key 0\r\n",
        "VALUE key x 1\r\n",
        "VALUE key 0 -1\r\n",
        "VALUE key 0 1001\r\n",
        "VALUE key 0 99999999999999999999\r\n",
        "VALUE key 0 1 2 3\r\n",
        "VALUE key 0 2\r\nabc\r\n",
        "VALUE key 0 1\r\na\r\nVALUE key 0 1\r\na\r\nEND\r\n",
        "VALUE key 0 1\r\na\r\nSTORED\r\n",
        "VALUE key 0 1\r\na\r\nSTAT a b\r\n",
        "STAT a b\r\nVALUE key 0 1\r\na\r\n",
        "STAT a b\r\nSTORED\r\n",
        "STAT \r\n",
        "STORED\r\vSTORED\r\n",
        "STORED\v\nSTORED\r\n",
        "VA\r\n",
        "VA x\r\n",
        std::string(5000, 'x'),
        std::string(5000, 'x') + "\r\n",
    };
    for (auto const& bytes : wrong)
        for (std::size_t const size : {std::size_t{1}, std::size_t{3}, bytes.size()}) {
            reply_parser parser(largest);
            auto now = progress::more;
            for (std::size_t at = 0; at < bytes.size() && now == progress::more; at += size) {
                auto piece = std::string_view(bytes).substr(at, size);
                now = parser.feed(piece);
            }
            EXPECT_EQ(now, progress::malformed) << bytes;
            EXPECT_FALSE(parser.why().empty());
        }
}

TEST(memcached_parser, takes_the_largest_value) {
    std::string const value(largest, 'v');
    EXPECT_EQ(one("VALUE key 0 1000\r\n" + value + "\r\nEND\r\n").value, value);
}

TEST(memcached_replies, answer_only_the_commands_that_they_can_belong_to) {
    auto const get = get_command("key");
    auto const set = set_command("key", "value", 0);
    auto const del = delete_command("key");
    auto const incr = incr_command("key", 1);
    auto const stats = stats_command();
    auto const version = version_command();
    auto const meta = incr_command("key", 1, 1);
    auto const value = one("VALUE key 0 1\r\na\r\nEND\r\n");
    auto const answered = [&](reply const& r) {
        std::string by;
        for (auto const* c : {&get, &set, &del, &incr, &stats, &version, &meta})
            if (answers(r, *c)) by += c->text.substr(0, 2) + " ";
        return by;
    };
    EXPECT_EQ(answered(value), "ge ");
    EXPECT_EQ(answered(one("VALUE other 0 1\r\na\r\nEND\r\n")), "") << "of another key";
    EXPECT_EQ(answered(one("END\r\n")), "ge st ");
    EXPECT_EQ(answered(one("STORED\r\n")), "se ");
    EXPECT_EQ(answered(one("DELETED\r\n")), "de ");
    EXPECT_EQ(answered(one("NOT_FOUND\r\n")), "de in ");
    EXPECT_EQ(answered(one("18446744073709551615\r\n")), "in ");
    EXPECT_EQ(answered(one("18446744073709551616\r\n")), "");
    EXPECT_EQ(answered(one("STAT a b\r\nEND\r\n")), "st ");
    EXPECT_EQ(answered(one("VERSION 1.6.18\r\n")), "ve ");
    EXPECT_EQ(answered(one("VA 1\r\n1\r\n")), "ma ");
    EXPECT_EQ(answered(one("HELLO\r\n")), "");
    EXPECT_EQ(answered(one("ERROR\r\n")), "ge se de in st ve ma ") << "an error answers all";
}

TEST(memcached_replies, errors_are_typed) {
    auto const code = [](std::string_view bytes) { return failure_of(one(bytes))->code(); };
    EXPECT_EQ(code("ERROR\r\n"), errc::unknown_command);
    EXPECT_EQ(code("CLIENT_ERROR bad data chunk\r\n"), errc::client_error);
    EXPECT_EQ(code("SERVER_ERROR busy\r\n"), errc::server_error);
    EXPECT_EQ(code("SERVER_ERROR object too large for cache\r\n"), errc::value_too_large);
    EXPECT_EQ(code("SERVER_ERROR out of memory storing object\r\n"), errc::out_of_memory);
    auto const failed = *failure_of(one("SERVER_ERROR busy\r\n"));
    EXPECT_EQ(failed.outcome(), coda::outcome::completed);
    EXPECT_EQ(failed.message(), "SERVER_ERROR busy");
    EXPECT_EQ(failure_of(one("STORED\r\n")), std::nullopt);
    EXPECT_EQ(failure_of(one("ERRORS\r\n")), std::nullopt);
}

TEST(memcached_commands, are_encoded) {
    using namespace std::string_literals;
    EXPECT_EQ(get_command("key").text, "get key\r\n");
    EXPECT_EQ(set_command("key", "a\r\n\0b"s, 60).text, "set key 0 60 5\r\na\r\n\0b\r\n"s);
    EXPECT_EQ(delete_command("key").text, "delete key\r\n");
    EXPECT_EQ(incr_command("key", 18446744073709551615u).text, "incr key 18446744073709551615\r\n");
    EXPECT_EQ(incr_command("key", 2, 5).text, "ma key N0 J5 D2 v\r\n");
    EXPECT_EQ(meta_command("mg", "key", "k v")->text, "mg key k v\r\n");
}

TEST(memcached_commands, that_would_break_the_pairing_are_refused) {
    for (auto const* flags : {"q", "k q", "k\r\nflush_all", "k\t", "k\n"})
        EXPECT_EQ(meta_command("mg", "key", flags).error().code(), coda::errc::invalid_argument) << flags;
    for (auto const* verb : {"ms", "mn", "get", ""})
        EXPECT_EQ(meta_command(verb, "key", "k").error().code(), coda::errc::invalid_argument) << verb;
    EXPECT_TRUE(meta_command("md", "key", "").has_value());
}

TEST(memcached_keys, are_checked) {
    EXPECT_TRUE(check_key("k").has_value());
    EXPECT_TRUE(check_key(std::string(250, 'k')).has_value());
    EXPECT_TRUE(check_key("schl\xc3\xbcssel").has_value());
    EXPECT_THAT(check_key("").error().message(), HasSubstr("1 to 250 bytes"));
    EXPECT_THAT(check_key(std::string(251, 'k')).error().message(), HasSubstr("not 251"));
    for (std::string const& key : std::vector<std::string>{"a b", "a\r\nb", "a\tb", "\x7f", std::string(1, '\0')}) {
        EXPECT_EQ(check_key(key).error().code(), coda::errc::invalid_argument);
        EXPECT_THAT(check_key(key).error().message(), HasSubstr("blanks"));
    }
}

TEST(memcached_expiry, is_in_seconds_up_to_thirty_days_and_a_date_above) {
    constexpr std::int64_t now = 1'800'000'000;
    EXPECT_EQ(expiry(0s, now).value(), 0);
    EXPECT_EQ(expiry(1ns, now).value(), 1) << "never 0, which would be for ever";
    EXPECT_EQ(expiry(1500ms, now).value(), 2);
    EXPECT_EQ(expiry(30 * 24h, now).value(), 2'592'000);
    EXPECT_EQ(expiry(30 * 24h + 1s, now).value(), now + 2'592'001);
    EXPECT_TRUE(expiry(-1ns, now).has_error());
    EXPECT_TRUE(expiry(coda::duration::max(), now).has_error());
}

} // namespace custom_driver_protocol_test
