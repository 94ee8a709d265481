// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "on_postgres.hpp"

namespace coda::test {

// Values go to the server as a parameter and come back as a column; what the server understood is seen in the text
// that it makes of them.
class on_postgres_types : public on_postgres {
protected:
    void SetUp() override {
        on_postgres::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        db_ = connected();
    }
    void TearDown() override {
        db_.reset();
        on_postgres::TearDown();
    }

    // Not awaited by the tests themselves: g++ 12 destroys aggregates in an await expression twice.
    template <class T, class... Args>
    result<T> got(std::string const& sql, Args const&... args) {
        auto const body = [&]() -> task<result<T>> {
            auto r = co_await as_result(db_->query_one<T>(sql, args...));
            co_return r;
        };
        return run(body());
    }
    template <class... Args>
    result<pg::result_set> rows(std::string const& sql, Args const&... args) {
        auto const body = [&]() -> task<result<pg::result_set>> {
            auto r = co_await as_result(db_->query(sql, args...));
            co_return r;
        };
        return run(body());
    }
    template <class... Args>
    result<std::uint64_t> ran(std::string const& sql, Args const&... args) {
        auto const body = [&]() -> task<result<std::uint64_t>> {
            auto r = co_await as_result(db_->execute(sql, args...));
            co_return r;
        };
        return run(body());
    }

    // `text`: how SQL writes that value of the type `type`.
    template <class T>
    void same(char const* type, T const& value, std::string const& text) {
        auto const sql = fmt::format("select $1::{0}, ($1::{0})::text, $2::text::{0}", type);
        auto const back = rows(sql, value, text);
        ASSERT_FALSE(back.has_error()) << type << ' ' << text << ": " << back.error().message();
        auto const row = (*back)[0];
        EXPECT_TRUE(row[0].template as<T>() == value) << type << ' ' << text << ": came back as another value";
        EXPECT_TRUE(row[2].template as<T>() == value) << type << ' ' << text << ": is read as another value";
        auto const understood = row[1].template as<std::string_view>();
        EXPECT_TRUE(understood == text) << type << ' ' << text << ": is to the server " << understood.substr(0, 100);
    }

    // Whether the value of `sql` is one that there is no T for.
    template <class T>
    bool is_refused(std::string const& sql) {
        auto const read = got<T>(sql);
        return read.has_error() && read.error().code() == errc::type_mismatch;
    }

private:
    std::unique_ptr<pg::connection> db_;
};

} // namespace coda::test
