// SPDX-License-Identifier: BSL-1.0
#include "session_state.hpp"

#include <coda/postgres/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postgres_session_state_test {

using coda::pg::errc;
using coda::pg::detail::changes_session;
using coda::pg::detail::check_shareable;
using coda::pg::detail::forgets_statements;
using coda::pg::detail::is_of_data;

TEST(check_shareable, lets_what_leaves_nothing_behind_pass) {
    for (auto const* sql : {"select 1",
                            "",
                            ";",
                            "insert into t values ('begin')",
                            "with set as (select 1) select * from set",
                            "create table temporary_things (id int)",
                            "notify me",
                            "settle",
                            "values (1)",
                            "/* begin",
                            "--",
                            "-- begin",
                            "select a into b from c",
                            "select into_temp from t",
                            "select 1 as into1",
                            "select a into temp_1 from t",
                            "select a into temporary1 from t",
                            "with x as (select 1) insert into temp select * from x",
                            "insert into temp values (1)",
                            "create or replace view temp_v as select 1",
                            "create table temp_1 (id int)",
                            "create function f() returns int language sql set search_path = a, pg_temp as 'select 1'",
                            "(select 1)",
                            "select 1 -- copied into temporary storage",
                            "select a from t where note like '%into temp %'",
                            "with x as (select 1) merge into temp using x on true when matched then do nothing",
                            "create function f() returns int language sql as $$ select n from pg_temp.x $$",
                            "create or replace function temporary() returns int language sql as 'select 1'",
                            "select",
                            "into",
                            "select into",
                            "explain select 1",
                            "do $$ begin end $$",
                            "call p()",
                            "\"begin\""})
        EXPECT_TRUE(check_shareable(sql).has_value()) << sql;
}

TEST(check_shareable, refuses_what_changes_the_session) {
    for (auto const* sql : {"begin",
                            "BEGIN",
                            "Start transaction",
                            "commit",
                            "end",
                            "rollback",
                            "abort",
                            "savepoint a",
                            "release a",
                            "set search_path to x",
                            "SET\tLOCAL x = 1",
                            "reset all",
                            "listen a",
                            "unlisten *",
                            "declare c cursor for select 1",
                            "fetch 1 from c",
                            "move c",
                            "close c",
                            "prepare p as select 1",
                            "deallocate all",
                            "discard all",
                            "load 'x'",
                            "lock table t",
                            "create temp table t (id int)",
                            "create temporary view v as select 1",
                            "CREATE LOCAL TEMPORARY TABLE t (id int)",
                            "create or replace temp view v as select 1",
                            "create table pg_temp.t (id int)",
                            "create table if not exists \"pg_temp\" . t (id int)",
                            "create or replace function PG_TEMP.f() returns int language sql as 'select 1'",
                            "select 1 into temp t",
                            "SELECT a\nINTO\tTemporary TABLE t from b",
                            "select * into local temp t from b",
                            "select * into pg_temp.t from b",
                            "with x as (select 1) select * into temp t from x",
                            "(select 1 into temp t)",
                            "explain analyze select 1 into temp t",
                            "begin;",
                            "begin--",
                            "set/**/x=1"}) {
        auto const checked = check_shareable(sql);
        ASSERT_TRUE(checked.has_error()) << sql;
        EXPECT_EQ(checked.error().code(), errc::needs_own_connection);
        EXPECT_EQ(checked.error().outcome(), coda::outcome::not_sent);
        EXPECT_THAT(checked.error().message(), testing::HasSubstr("coda::pg::connection"));
    }
}

TEST(check_shareable, sees_through_blanks_and_comments) {
    for (auto const* sql : {"\n\t begin", "-- select\nbegin", "/* a /* nested */ one */ begin", "/**/--x\n;begin",
                            "create /* now */ temp table t ()"})
        EXPECT_TRUE(check_shareable(sql).has_error()) << sql;
}

TEST(check_shareable, finds_temporary_tables_wherever_they_are_made) {
    for (auto const* sql :
         {"explain analyze create temp table t as select 1", "explain (analyze, format json) select 1 into temp t",
          "EXPLAIN ANALYSE VERBOSE create temporary table t as select 1", "/* don't */ select 1 as n into temp t",
          "select 'it''s' as n into temp t", "select $$ it's $$ as n into temp t", "select e'it\\'s' as n into temp t",
          "select $a$ ' $b$ $a$ as n into temp t", "select 1 as \"it's\" into temp t",
          "select $1::int as n into temp t", "select date'\\' as n into temp t", "-- it's\nselect 1 into temp t",
          "select a$b from x into temp t -- it's"})
        EXPECT_TRUE(check_shareable(sql).has_error()) << sql;
}

TEST(check_shareable, takes_for_no_table_what_is_only_said) {
    for (auto const* sql :
         {"select ' into temp t'", "select 1 -- into temp t", "select 1 /* into temp t */", "select $$ into temp t $$",
          "select $a$ $$ into temp t $a$", "select e'\\' into temp t'", "select 1 as \" into temp t\"",
          "explain analyze select 1", "explain (costs off) insert into temp values (1)", "explain", "explain (",
          "select '", "select $", "select $a", "/*", "select 1 /* into temp t", "select 'a into temp t"})
        EXPECT_FALSE(check_shareable(sql).has_error()) << sql;
}

TEST(check_shareable, refuses_a_setting_for_more_than_the_statement) {
    for (auto const* sql :
         {"select set_config('app.user', 'a', false)", "select pg_catalog.SET_CONFIG ( /* x */ 'Role', $1, $2)",
          "with x as (select set_config('role', 'a', f(true))) select 1", "select set_config('a.b', 'true', 'f')",
          "select set_config('a.b', ', true', not true)", "select set_config('a.b', coalesce($1, true), false), true",
          "insert into t values (set_config('a.b', 'c', true or false))", "select set_config(",
          "create table t as select set_config('a.b', 'c', false)",
          "select pg_catalog.\"set_config\"('a.b', 'c', false)",
          "create materialized view v as select set_config('a.b', 'c', false)",
          "select E'a''b\\'', set_config('a.b', 'c', $1), 'x'",
          "select set_config(is_local => true, new_value => 'a', setting_name => 'b')",
          "explain analyze select set_config('a.b', 'c', false)"}) {
        auto const checked = check_shareable(sql);
        ASSERT_TRUE(checked.has_error()) << sql;
        EXPECT_EQ(checked.error().code(), coda::pg::errc::needs_own_connection);
        EXPECT_THAT(checked.error().message(), testing::HasSubstr("transaction::set_local")) << sql;
    }
    for (auto const* sql :
         {"select set_config('role', 'a', true)", "select set_config('a.b', f(1, ')'), /* x */ TRUE -- y\n )",
          "select set_config('a.b', (array['c', $1])[1], is_local => true)", "select 'set_config(''role'')'",
          "select set_config", "select my_set_config('role')",
          "create function f() returns text return set_config('a.b', 'c', false)", "select app.set_config('a', 'b')",
          "grant execute on function set_config(text, text, boolean) to x", "drop function app.set_config(text)",
          "explain select set_config('a.b', 'c', false)", "select E'a''b\\', set_config(1, 2, false)'",
          "create view v as select set_config('a.b', 'c', false)",
          "do $$ begin perform set_config('a.b', 'c', false); end $$"})
        EXPECT_FALSE(check_shareable(sql).has_error()) << sql;
}

TEST(check_shareable, refuses_a_lock_for_the_session) {
    for (auto const* sql :
         {"select pg_advisory_lock(1)", "select pg_try_advisory_lock (1, 2)",
          "select PG_CATALOG.pg_advisory_lock_shared(1)", "select 1 where pg_try_advisory_lock_shared(1)",
          "create table t as select pg_try_advisory_lock(1)"}) {
        auto const checked = check_shareable(sql);
        ASSERT_TRUE(checked.has_error()) << sql;
        EXPECT_THAT(checked.error().message(), testing::HasSubstr("client::advisory_lock"));
    }
    for (auto const* sql : {"select pg_advisory_xact_lock(1)", "select 'pg_advisory_lock(1)'",
                            "select pg_advisory_unlock_all()", "select proname from pg_proc -- pg_advisory_lock(1)"})
        EXPECT_FALSE(check_shareable(sql).has_error()) << sql;
}

TEST(sets_anything, is_told_by_its_own_calls) {
    using coda::pg::detail::sets_anything;
    EXPECT_TRUE(sets_anything("select set_config('a.b', 'c', true)"));
    EXPECT_FALSE(sets_anything("select 'set_config(1)', set_config from t"));
}

TEST(changes_session, knows_the_servers_words) {
    for (auto const* tag : {"BEGIN", "START TRANSACTION", "SAVEPOINT", "SET", "RESET", "LISTEN", "LOAD",
                            "DECLARE CURSOR", "DISCARD ALL", "PREPARE"})
        EXPECT_TRUE(changes_session(tag)) << tag;
    for (auto const* tag :
         {"SELECT 1", "INSERT 0 1", "UPDATE 3", "DEALLOCATE", "CREATE TABLE", "NOTIFY", "DO", "", "SETTLE"})
        EXPECT_FALSE(changes_session(tag)) << tag;
}

TEST(forgets_statements, knows_the_servers_words) {
    EXPECT_TRUE(forgets_statements("DEALLOCATE ALL"));
    EXPECT_TRUE(forgets_statements("DISCARD ALL"));
    for (auto const* tag : {"DEALLOCATE", "DISCARD PLANS", "DISCARD TEMP", ""})
        EXPECT_FALSE(forgets_statements(tag)) << tag;
}

TEST(is_of_data, is_what_reads_and_changes_rows) {
    for (auto const* sql : {"select 1", "(select 1)", "with x as (select 1) table x", "VALUES (1)", "table t",
                            "-- why\ninsert into t values (1)", "Update t set a = 1", "delete from t", "merge into t"})
        EXPECT_TRUE(is_of_data(sql)) << sql;
    for (auto const* sql : {"", "vacuum t", "call p()", "do $$ $$", "create table t ()", "begin", "explain select 1",
                            "refresh materialized view v", "selected", "show all"})
        EXPECT_FALSE(is_of_data(sql)) << sql;
}

} // namespace postgres_session_state_test
