// SPDX-License-Identifier: BSL-1.0
#include "statement_cache.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace postgres_statement_cache_test {

using coda::pg::oid;
using coda::pg::detail::statement_cache;
using state = statement_cache::state;
using types = std::vector<oid>;

constexpr std::span<oid const> no_types;

// Adds a statement that the server has prepared.
std::string add_ready(statement_cache& c, std::string_view sql) {
    auto const* const e = c.add(sql, no_types);
    if (e == nullptr) return {};
    c.prepared(e->id);
    return e->name;
}

TEST(statement_cache, knows_nothing_at_first) {
    statement_cache c(4);
    EXPECT_EQ(c.find("select 1", no_types), nullptr);
    EXPECT_EQ(c.make_room(), std::nullopt);
}

TEST(statement_cache, a_statement_is_ready_when_the_server_has_said_so) {
    statement_cache c(4);
    auto const* const added = c.add("select 1", no_types);
    ASSERT_NE(added, nullptr);
    EXPECT_EQ(added->is, state::preparing);
    EXPECT_EQ(c.find("select 1", no_types), added);
    c.prepared(added->id);
    EXPECT_EQ(c.find("select 1", no_types)->is, state::ready);
}

TEST(statement_cache, the_same_text_with_other_types_is_another_statement) {
    statement_cache c(8);
    types const one_int{23};
    types const one_bigint{20};
    types const two{23, 23};
    auto const* const a = c.add("select $1", one_int);
    auto const* const b = c.add("select $1", one_bigint);
    auto const* const d = c.add("select $1", two);
    auto const* const e = c.add("select $1", no_types);
    std::set<std::string> const names{a->name, b->name, d->name, e->name};
    EXPECT_EQ(names.size(), 4u);
    EXPECT_EQ(c.find("select $1", one_int), a);
    EXPECT_EQ(c.find("select $1", one_bigint), b);
    EXPECT_EQ(c.find("select $1", two), d);
    EXPECT_EQ(c.find("select $1", no_types), e);
}

// The bytes of a type number must not be taken for the beginning of a text.
TEST(statement_cache, types_and_text_are_not_confused) {
    statement_cache c(8);
    types const one{0x31313131}; // "1111"
    EXPECT_NE(c.add("x", one), nullptr);
    EXPECT_EQ(c.find("1111x", no_types), nullptr);
}

TEST(statement_cache, the_least_recently_used_makes_room) {
    statement_cache c(2);
    auto const a = add_ready(c, "a");
    auto const b = add_ready(c, "b");
    EXPECT_EQ(c.add("c", no_types), nullptr) << "there is no room";
    EXPECT_NE(c.find("a", no_types), nullptr);
    EXPECT_EQ(c.make_room(), b);
    EXPECT_EQ(c.find("b", no_types), nullptr);
    EXPECT_NE(c.find("a", no_types), nullptr);
    EXPECT_NE(c.add("c", no_types), nullptr);
    EXPECT_EQ(c.size(), 2u);
}

TEST(statement_cache, nothing_leaves_while_there_is_room) {
    statement_cache c(2);
    add_ready(c, "a");
    EXPECT_EQ(c.make_room(), std::nullopt);
    EXPECT_EQ(c.size(), 1u);
}

TEST(statement_cache, a_statement_being_prepared_does_not_leave) {
    statement_cache c(1);
    auto const id = c.add("a", no_types)->id;
    EXPECT_EQ(c.make_room(), std::nullopt);
    EXPECT_EQ(c.add("b", no_types), nullptr);
    c.prepared(id);
    EXPECT_NE(c.make_room(), std::nullopt);
    EXPECT_NE(c.add("b", no_types), nullptr);
}

TEST(statement_cache, a_failed_preparation_is_forgotten) {
    statement_cache c(2);
    auto const id = c.add("a", no_types)->id;
    c.remove(id);
    EXPECT_EQ(c.find("a", no_types), nullptr);
    EXPECT_EQ(c.size(), 0u);
    EXPECT_EQ(c.make_room(), std::nullopt) << "the server has nothing to forget";
    auto const* const again = c.add("a", no_types);
    ASSERT_NE(again, nullptr);
    EXPECT_NE(again->id, id);
}

TEST(statement_cache, an_expired_statement_is_not_found_and_leaves_first) {
    statement_cache c(4);
    auto const a = add_ready(c, "a");
    auto const b = add_ready(c, "b");
    c.expire(c.find("b", no_types)->id);
    EXPECT_EQ(c.find("b", no_types), nullptr);
    auto const* const again = c.add("b", no_types);
    ASSERT_NE(again, nullptr);
    EXPECT_NE(again->name, b);
    EXPECT_EQ(c.make_room(), b) << "although there is room";
    EXPECT_EQ(c.make_room(), std::nullopt);
    EXPECT_NE(c.find("b", no_types), nullptr) << "the new one stays";
    EXPECT_NE(c.find("a", no_types), nullptr);
}

TEST(statement_cache, answers_about_unknown_statements_are_ignored) {
    statement_cache c(2);
    c.prepared(0);
    c.remove(17);
    c.expire(17);
    auto const name = add_ready(c, "a");
    auto const id = c.find("a", no_types)->id;
    c.expire(id);
    c.prepared(id);
    c.expire(id);
    EXPECT_EQ(c.find("a", no_types), nullptr);
    EXPECT_EQ(c.make_room(), name);
    c.remove(id);
    EXPECT_EQ(c.size(), 0u);
}

// DISCARD ALL: what was sent behind it is prepared after it.
TEST(statement_cache, that_is_cleared_knows_only_what_is_being_prepared) {
    statement_cache c(4);
    add_ready(c, "a");
    add_ready(c, "b");
    c.expire(c.find("b", no_types)->id);
    auto const id = c.add("c", no_types)->id;
    c.clear();
    EXPECT_EQ(c.size(), 1u);
    EXPECT_EQ(c.find("a", no_types), nullptr);
    EXPECT_EQ(c.make_room(), std::nullopt) << "the server has nothing to forget";
    c.prepared(id);
    EXPECT_EQ(c.find("c", no_types)->is, state::ready);
    EXPECT_EQ(c.find("c", no_types)->name, statement_cache::name_of(id));
}

TEST(statement_cache, of_capacity_zero_takes_nothing) {
    statement_cache c(0);
    EXPECT_EQ(c.make_room(), std::nullopt);
    EXPECT_EQ(c.add("a", no_types), nullptr);
    EXPECT_EQ(c.find("a", no_types), nullptr);
}

TEST(statement_cache, no_name_is_used_twice_however_many_come_and_go) {
    statement_cache c(3);
    std::set<std::string> names;
    for (int i = 0; i < 1000; ++i) {
        c.make_room();
        auto const name = add_ready(c, fmt::format("select {}", i % 7));
        if (name.empty()) continue;
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_LE(c.size(), 3u);
    }
    EXPECT_EQ(names.size(), 1000u);
}

} // namespace postgres_statement_cache_test
