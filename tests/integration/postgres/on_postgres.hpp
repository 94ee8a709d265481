// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/eventually.hpp"
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/postgres_server.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <gmock/gmock.h>

namespace coda::test {

// A test on a real PostgreSQL, once per loop. In the end nothing may be left open, here or on the server.
class on_postgres : public on_every_loop {
protected:
    void SetUp() override {
        require_server("CODA_TEST_POSTGRES_URI");
        if (IsSkipped() || HasFatalFailure()) return;
        server_.emplace();
        sockets_ = sockets_open();
    }
    void TearDown() override {
        if (!server_) return;
        EXPECT_EQ(sockets_open(), sockets_);
        auto const nothing_left = [&]() -> task<> {
            co_await until([&] { return server_->connections() == 0; }, "connections are left on the server");
        };
        run(nothing_left());
    }

    postgres_server& server() { return *server_; }

    // A connection of this test, connected.
    std::unique_ptr<pg::connection> connected(pg::connection_options options = {}) {
        auto db = std::make_unique<pg::connection>(loop(), server().uri(), options);
        auto const connect = [&]() -> task<> { co_await db->connect(); };
        run(connect());
        return db;
    }

private:
    std::optional<postgres_server> server_;
    std::size_t sockets_ = 0;
};

// And a table of the test's own.
class on_postgres_table : public on_postgres {
protected:
    // As in `create table`: "id int unique, name text".
    explicit on_postgres_table(std::string columns) : columns_(std::move(columns)) {}

    void SetUp() override {
        on_postgres::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        table_ = server().fresh_name();
        server().ask("create table " + table_ + " (" + columns_ + ")");
        insert_ = "insert into " + table_ + " values ($1";
        for (auto n = 2; n <= std::ranges::count(columns_, ',') + 1; ++n) insert_ += fmt::format(", ${}", n);
        insert_ += ")";
    }
    void TearDown() override {
        on_postgres::TearDown();
        if (!table_.empty()) server().ask("drop table " + table_);
    }

    std::string const& table() const { return table_; }
    // A statement with a parameter for each column.
    std::string const& insert() const { return insert_; }
    // What others see.
    long stored() { return server().count("select count(*) from " + table_); }
    std::string stored_numbers(std::string const& column = "n") {
        return server().ask(
            fmt::format("select coalesce(string_agg({0}::text, ' ' order by {0}), '') from {1}", column, table_));
    }

private:
    std::string columns_;
    std::string table_;
    std::string insert_;
};

} // namespace coda::test
