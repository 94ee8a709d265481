// SPDX-License-Identifier: BSL-1.0
#include "reply_builder.hpp"

#include <coda/redis/detail/extract.hpp>
#include <coda/redis/error.hpp>

#include <gmock/gmock.h>

#include <cmath>

namespace redis_extract_test {

using namespace std::string_literals;
using coda::redis::reply;
using coda::redis::reply_kind;
using coda::redis::server_errc;
using coda::redis::status;
using coda::redis::detail::read_as;
using coda::redis::detail::reply_builder;
using testing::ElementsAre;

// Builds one reply and reads it in several ways.
class extract : public testing::Test {
protected:
    extract() { b.begin(); }
    template <class T>
    T read() {
        T value{};
        coda::error why;
        EXPECT_TRUE(read_as(b.finish(), value, why)) << why.message();
        return value;
    }
    template <class T>
    std::string refusal() {
        T value{};
        coda::error why;
        EXPECT_FALSE(read_as(b.finish(), value, why));
        EXPECT_EQ(why.outcome(), coda::outcome::completed);
        if (why.details<coda::redis::server_error>() == nullptr) {
            EXPECT_EQ(why.code(), coda::errc::type_mismatch);
        }
        return why.message();
    }
    void text(std::string_view t) { b.add_text(reply_kind::string, t); }

    reply_builder b;
};

TEST_F(extract, integers) {
    b.add_integer(-5);
    EXPECT_EQ(read<int>(), -5);
    EXPECT_EQ(read<std::int64_t>(), -5);
    EXPECT_EQ(read<std::int8_t>(), -5);
    EXPECT_EQ(read<double>(), -5.0);
    EXPECT_EQ(refusal<unsigned>(), "expected an integer that fits the type asked for, got an integer");
    EXPECT_EQ(refusal<std::string>(), "expected a string, got an integer");
    EXPECT_EQ(refusal<bool>(), "expected a bool, got an integer");
}

TEST_F(extract, numbers_from_strings) {
    text("12");
    EXPECT_EQ(read<int>(), 12);
    EXPECT_EQ(read<double>(), 12.0);
    EXPECT_EQ(read<std::string>(), "12");
}

TEST_F(extract, not_from_what_is_no_number) {
    for (auto const* t : {"", "12x", " 12", "1 2", "x"}) {
        b.begin();
        text(t);
        EXPECT_EQ(refusal<std::int64_t>(), "expected an integer, got a string") << t;
        EXPECT_EQ(refusal<double>(), "expected a number, got a string") << t;
    }
    b.begin();
    text("9223372036854775808");
    EXPECT_EQ(refusal<std::int64_t>(), "expected an integer, got a string");
}

TEST_F(extract, doubles) {
    for (auto const& [t, value] : std::vector<std::pair<char const*, double>>{
             {"0.1", 0.1}, {"-1e300", -1e300}, {"inf", HUGE_VAL}, {"-inf", -HUGE_VAL}}) {
        b.begin();
        text(t);
        EXPECT_EQ(read<double>(), value);
    }
}

TEST_F(extract, strings_of_any_bytes) {
    std::string const bytes("a\0b\r\n", 5);
    text(bytes);
    EXPECT_EQ(read<std::string>(), bytes);
    EXPECT_EQ(read<std::optional<std::string>>(), bytes);
}

TEST_F(extract, nil_only_as_an_optional) {
    b.add_nil();
    EXPECT_EQ(read<std::optional<std::string>>(), std::nullopt);
    EXPECT_EQ(read<std::optional<std::vector<int>>>(), std::nullopt);
    EXPECT_EQ(read<bool>(), false) << "a SET whose condition did not hold";
    EXPECT_EQ(refusal<std::string>(), "expected a string, got nil");
    EXPECT_EQ(refusal<std::vector<int>>(), "expected an array, got nil");
    EXPECT_EQ(refusal<status>(), "expected a status, got nil");
}

TEST_F(extract, a_status) {
    b.add_text(reply_kind::status, "OK");
    EXPECT_EQ(read<status>(), status{"OK"});
    EXPECT_EQ(read<std::string>(), "OK");
    EXPECT_EQ(read<bool>(), true);
    EXPECT_EQ(refusal<std::int64_t>(), "expected an integer, got a status");
}

// It is no value: that comes with EXEC's.
TEST_F(extract, nothing_but_a_status_from_what_multi_has_queued) {
    b.add_text(reply_kind::status, "QUEUED");
    EXPECT_EQ(read<status>(), status{"QUEUED"});
    EXPECT_EQ(refusal<std::string>(), "expected a string, got a status");
    EXPECT_EQ(refusal<std::optional<std::string>>(), "expected a string, got a status");
    EXPECT_EQ(refusal<bool>(), "expected a bool, got a status");
}

TEST_F(extract, a_list) {
    b.add_array(3);
    text("a");
    b.add_nil();
    text("c");
    EXPECT_THAT(read<std::vector<std::optional<std::string>>>(), ElementsAre("a", std::nullopt, "c"));
    EXPECT_EQ(refusal<std::vector<std::string>>(), "expected a string, got nil");
    EXPECT_EQ(refusal<std::string>(), "expected a string, got an array");
}

TEST_F(extract, an_empty_list) {
    b.add_array(0);
    EXPECT_TRUE(read<std::vector<std::string>>().empty());
    EXPECT_TRUE((read<std::map<std::string, int>>().empty()));
    EXPECT_EQ((refusal<std::pair<int, int>>()), "expected an array of 2, got an array of 0");
}

TEST_F(extract, flat_pairs) {
    b.add_array(4);
    text("a");
    text("1");
    text("b");
    text("2");
    EXPECT_THAT((read<std::map<std::string, int>>()), ElementsAre(std::pair("a", 1), std::pair("b", 2)));
    EXPECT_EQ((read<std::unordered_map<std::string, int>>()).size(), 2u);
    EXPECT_THAT((read<std::vector<std::pair<std::string, int>>>()), ElementsAre(std::pair("a", 1), std::pair("b", 2)));
    EXPECT_EQ((refusal<std::map<int, int>>()), "expected an integer, got a string");
}

TEST_F(extract, an_odd_number_is_no_list_of_pairs) {
    b.add_array(1);
    text("a");
    EXPECT_EQ((refusal<std::map<std::string, int>>()), "expected an array of an even number of elements, got an array");
}

TEST_F(extract, nested_pairs_and_tuples) {
    b.add_array(2);
    b.add_array(2);
    text("a");
    b.add_integer(1);
    b.add_array(2);
    text("b");
    b.add_integer(2);
    using pairs = std::vector<std::pair<std::string, int>>;
    EXPECT_EQ(read<pairs>(), (pairs{{"a", 1}, {"b", 2}}));
    EXPECT_EQ((read<std::tuple<std::pair<std::string, int>, std::tuple<std::string, int>>>()),
              std::tuple(std::pair("a"s, 1), std::tuple("b"s, 2)));
    EXPECT_EQ((refusal<std::tuple<int>>()), "expected an array of 1, got an array of 2");
}

TEST_F(extract, an_error_within_is_what_the_server_said) {
    b.add_array(2);
    b.add_integer(1);
    b.add_text(reply_kind::error, "WRONGTYPE no");
    EXPECT_EQ((refusal<std::pair<int, int>>()), "WRONGTYPE no");
    coda::error why;
    std::vector<int> value;
    EXPECT_FALSE(read_as(b.finish(), value, why));
    EXPECT_EQ(why.code(), server_errc::wrong_type);
}

TEST_F(extract, a_whole_reply_is_owned) {
    b.add_array(4);
    text("a");
    b.add_array(2);
    b.add_integer(7);
    b.add_array(1);
    text("deep");
    b.add_text(reply_kind::error, "ERR no");
    b.add_nil();
    auto const r = read<reply>();
    b.begin(); // what it was read from is gone
    text("other");
    ASSERT_EQ(r.kind(), reply_kind::array);
    ASSERT_EQ(r.size(), 4u);
    EXPECT_EQ(r[0].text(), "a");
    EXPECT_EQ(r[1].size(), 2u);
    EXPECT_EQ(r[1][0].integer(), 7);
    EXPECT_EQ(r[1][1][0].text(), "deep");
    EXPECT_EQ(r[2].kind(), reply_kind::error);
    EXPECT_EQ(r[2].text(), "ERR no");
    EXPECT_TRUE(r[3].is_nil());
    EXPECT_EQ(std::distance(r.begin(), r.end()), 4);
    reply const part(r[1]);
    EXPECT_EQ(part[1][0].text(), "deep");
    EXPECT_TRUE(reply().is_nil());
}

} // namespace redis_extract_test
