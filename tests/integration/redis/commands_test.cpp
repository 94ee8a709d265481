// SPDX-License-Identifier: BSL-1.0
#include "on_redis.hpp"

#include <map>

namespace redis_commands_test {

using namespace std::chrono_literals;
using namespace std::string_literals;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::redis::errc;
using coda::redis::reply;
using coda::redis::reply_kind;
using coda::redis::server_errc;
using coda::redis::set_if;
using testing::ElementsAre;
using testing::HasSubstr;

class commands : public coda::test::on_redis {
protected:
    template <class T>
    static void expect_error(coda::result<T> const& r, coda::error_code code, outcome what) {
        ASSERT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), code) << r.error().message();
        EXPECT_EQ(r.error().outcome(), what) << r.error().message();
    }
};
CODA_ON_EVERY_LOOP(commands);

TEST_P(commands, set_and_get) {
    coda::redis::client db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        auto const key = fresh_key();
        auto const missing = co_await db.get(key);
        EXPECT_EQ(missing, std::nullopt);
        auto const was_set = co_await db.set(key, "value");
        EXPECT_TRUE(was_set);
        auto const value = co_await db.get(key);
        EXPECT_EQ(value, "value");
        co_await db.set(key, 42);
        auto const number = co_await db.get<int>(key);
        EXPECT_EQ(number, 42);
        co_await db.set(key, 0.25);
        auto const fraction = co_await db.get<double>(key);
        EXPECT_EQ(fraction, 0.25);
        auto const bytes = "a\0b\r\n"s + std::string(100'000, 'x');
        co_await db.set(key, bytes);
        auto const same = co_await db.get(key);
        EXPECT_TRUE(same == bytes);
    };
    run(body());
}

TEST_P(commands, set_under_conditions_and_with_an_expiry) {
    coda::redis::client db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        auto const key = fresh_key();
        auto const absent = co_await db.set(key, "1", {.when = set_if::present});
        EXPECT_FALSE(absent);
        auto const first = co_await db.set(key, "1", {.ttl = 100s, .when = set_if::absent});
        EXPECT_TRUE(first);
        auto const second = co_await db.set(key, "2", {.when = set_if::absent});
        EXPECT_FALSE(second);
        auto const ttl = co_await db.command<int>("TTL", key);
        EXPECT_NEAR(ttl, 100, 50);
        co_await db.set(key, "3", 200s);
        auto const longer = co_await db.command<int>("TTL", key);
        EXPECT_NEAR(longer, 200, 50);
        co_await db.set(key, "4");
        auto const none = co_await db.command<int>("TTL", key);
        EXPECT_EQ(none, -1);
        auto const expires = co_await db.expire(key, 300s);
        EXPECT_TRUE(expires);
        auto const longest = co_await db.command<int>("TTL", key);
        EXPECT_NEAR(longest, 300, 50);
        auto const nothing = co_await db.expire(fresh_key(), 1s);
        EXPECT_FALSE(nothing);
        for (auto const gone : {coda::duration(-1s), coda::duration(0s)}) {
            auto const never = co_await as_result(db.set(key, "5", gone));
            expect_error(never, server_errc::err, outcome::completed);
        }
    };
    run(body());
}

TEST_P(commands, count_delete_and_read_many) {
    coda::redis::client db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        auto const a = fresh_key();
        auto const b = fresh_key();
        auto const one = co_await db.incr(a);
        EXPECT_EQ(one, 1);
        auto const less = co_await db.incrby(a, -11);
        EXPECT_EQ(less, -10);
        auto const values = co_await db.mget<int>(a, b);
        EXPECT_THAT(values, ElementsAre(-10, std::nullopt));
        std::vector<std::string> const keys{a, b, a};
        auto const texts = co_await db.mget(keys);
        EXPECT_THAT(texts, ElementsAre("-10", std::nullopt, "-10"));
        auto const there = co_await db.exists(a, b);
        EXPECT_EQ(there, 1);
        auto const deleted = co_await db.del(keys);
        EXPECT_EQ(deleted, 1);
        co_await db.ping();
    };
    run(body());
}

TEST_P(commands, of_any_kind_are_read_as_what_is_asked_for) {
    coda::redis::client db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        auto const key = fresh_key();
        auto const added = co_await db.command<int>("HSET", key, "a", 1, "b", 2);
        EXPECT_EQ(added, 2);
        auto const all = co_await db.command<std::map<std::string, int>>("HGETALL", key);
        EXPECT_EQ(all, (std::map<std::string, int>{{"a", 1}, {"b", 2}}));
        auto const scan = co_await db.command<std::pair<std::string, std::map<std::string, int>>>("HSCAN", key, 0);
        EXPECT_EQ(scan.first, "0");
        EXPECT_EQ(scan.second, all);
        auto const whole = co_await db.command<reply>("EVAL", "return {1, 'two', {3, {err = 'OOPS four'}}, false}", 0);
        EXPECT_EQ(whole.size(), 4u);
        EXPECT_EQ(whole[0].integer(), 1);
        EXPECT_EQ(whole[1].text(), "two");
        EXPECT_EQ(whole[2][1].kind(), reply_kind::error);
        EXPECT_TRUE(whole[3].is_nil());
        auto const kind = co_await db.command<coda::redis::status>("TYPE", key);
        EXPECT_EQ(kind.text, "hash");
        std::vector<std::string> given{"HGET", key, "b"};
        auto const words = co_await db.command<int>(std::move(given));
        EXPECT_EQ(words, 2);
    };
    run(body());
}

TEST_P(commands, that_fail_tell_what_the_server_said) {
    coda::redis::client db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        auto const key = fresh_key();
        co_await db.set(key, "text");
        auto const wrong = co_await as_result(db.command<int>("LPUSH", key, "x"));
        expect_error(wrong, server_errc::wrong_type, outcome::completed);
        auto const number = co_await as_result(db.incr(key));
        expect_error(number, server_errc::err, outcome::completed);
        EXPECT_EQ(number.error().message(), "ERR value is not an integer or out of range");
        auto const type = co_await as_result(db.get<int>(key));
        expect_error(type, coda::errc::type_mismatch, outcome::completed);
        EXPECT_EQ(type.error().message(), "expected an integer, got a string");
        auto const nil = co_await as_result(db.command<std::string>("GET", fresh_key()));
        expect_error(nil, coda::errc::type_mismatch, outcome::completed);
        auto const unknown = co_await as_result(db.command("NO-SUCH-COMMAND"));
        expect_error(unknown, server_errc::err, outcome::completed);
        auto const script = co_await as_result(db.command("EVALSHA", std::string(40, '0'), 0));
        expect_error(script, server_errc::no_script, outcome::completed);
        co_await db.ping();
    };
    run(body());
}

TEST_P(commands, that_a_client_cannot_share_are_refused_unsent) {
    coda::redis::client db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const multi = co_await as_result(db.command("MULTI"));
        expect_error(multi, errc::needs_own_connection, outcome::not_sent);
        EXPECT_THAT(multi.error().message(), HasSubstr("lease a coda::redis::connection"));
        auto const pop = co_await as_result(db.command<reply>("BLPOP", "k", 0));
        expect_error(pop, errc::needs_own_connection, outcome::not_sent);
        auto const subscribe = co_await as_result(db.command("SUBSCRIBE", "c"));
        expect_error(subscribe, errc::unsupported_command, outcome::not_sent);
        co_await db.ping();
    };
    run(body());
}

TEST_P(commands, on_a_connection_may_be_a_transaction) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        auto const key = fresh_key();
        co_await db->command("WATCH", key);
        co_await db->command("MULTI");
        co_await db->command("SET", key, "1");
        co_await db->command("LPUSH", key, "x");
        co_await db->command("INCR", key);
        auto const done = co_await db->command<reply>("EXEC");
        EXPECT_EQ(done.size(), 3u);
        EXPECT_EQ(done[0].text(), "OK");
        EXPECT_EQ(done[1].kind(), reply_kind::error);
        EXPECT_EQ(done[2].integer(), 2);
        auto const refused = co_await as_result(db->command("MONITOR"));
        expect_error(refused, errc::unsupported_command, outcome::not_sent);
    };
    run(body());
}

TEST_P(commands, too_large_are_refused_unsent) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        std::vector<std::string> const many((1 << 20) + 1);
        auto const r = co_await as_result(db->del(many));
        expect_error(r, coda::errc::invalid_argument, outcome::not_sent);
        co_await db->ping();
    };
    run(body());
}

TEST_P(commands, and_replies_of_megabytes) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        auto const key = fresh_key();
        std::string const large(8 << 20, 'z');
        co_await db->set(key, large);
        auto const value = co_await db->get(key);
        EXPECT_TRUE(value == large);
    };
    run(body());
}

} // namespace redis_commands_test
