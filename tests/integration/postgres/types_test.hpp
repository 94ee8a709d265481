// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "on_postgres.hpp"

#include <cstring>

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

    // Of one type for all values: each other one would be compiled through the whole of a query.
    template <class... Args>
    result<pg::result_set> rows(std::string const& sql, Args const&... args) {
        pg::arguments values;
        (..., values.add(args));
        return asked(sql, values);
    }
    // The only row.
    template <class T, class... Args>
    result<T> got(std::string const& sql, Args const&... args) {
        auto const all = rows(sql, args...);
        if (all.has_error()) return all.error();
        EXPECT_EQ(all->size(), 1u) << sql;
        return (*all)[0].template try_as<T>();
    }
    // The first value of the first row, which must be there.
    template <class T, class... Args>
    T one(std::string const& sql, Args const&... args) {
        auto const all = rows(sql, args...);
        return all.value()[0][0].template as<T>();
    }
    template <class... Args>
    result<std::uint64_t> ran(std::string const& sql, Args const&... args) {
        auto const all = rows(sql, args...);
        if (all.has_error()) return all.error();
        return all->affected();
    }

    // `text`: how SQL writes that value of the type `type`. As a column, a field and an element; NULL beside it, too.
    template <class T>
    void same(char const* type, T const& value, std::string const& text) {
        using plain = typename pg::detail::unwrap_optional<T>::type;
        using maybe = std::optional<plain>;
        auto const what = fmt::format("{} {}", type, text.substr(0, 100));
        auto const sql =
            fmt::format("select $1::{0}, ($1::{0})::text, $2::text::{0}, $3::{0}, row($1::{0}, $3::{0})", type);
        auto const back = rows(sql, value, text, maybe());
        ASSERT_FALSE(back.has_error()) << what << ": " << back.error().message();
        auto const row = (*back)[0];
        EXPECT_TRUE(alike(row[0].template as<T>(), value)) << what << ": came back as another value";
        EXPECT_TRUE(alike(row[2].template as<T>(), value)) << what << ": is read as another value";
        auto const understood = row[1].template as<std::string_view>();
        EXPECT_TRUE(understood == text) << what << ": is to the server " << understood.substr(0, 100);
        EXPECT_FALSE(row[3].template as<maybe>().has_value()) << what << ": NULL is another value";
        auto const [field, none] = row[4].template as<std::tuple<T, maybe>>();
        EXPECT_TRUE(alike(field, value) && !none) << what << ": is another value as a field";
        if constexpr (!pg::detail::array<plain>)
            same_as_an_element(type, std::vector<maybe>{value, std::nullopt}, what);
    }

    // Whether the value of `sql` is one that there is no T for.
    template <class T>
    bool is_refused(std::string const& sql) {
        auto const read = got<T>(sql);
        return read.has_error() && read.error().code() == errc::type_mismatch;
    }

private:
    result<pg::result_set> asked(std::string const& sql, pg::arguments const& values) {
        auto const body = [&]() -> task<result<pg::result_set>> {
            auto r = co_await as_result(db_->query(sql, values));
            co_return r;
        };
        return run(body());
    }
    // NaN is alike, and 0 is not -0.
    template <class T>
    static bool alike(T const& a, T const& b) {
        if constexpr (std::is_floating_point_v<T>)
            return std::memcmp(&a, &b, sizeof a) == 0;
        else
            return a == b;
    }
    template <class Maybe>
    void same_as_an_element(char const* type, std::vector<Maybe> const& both, std::string const& what) {
        auto const sql =
            fmt::format("select $1::{0}[], ($1::{0}[])[1]::text is not distinct from ($2::{0})::text", type);
        auto const back = rows(sql, both, both.front());
        ASSERT_FALSE(back.has_error()) << what << ", in an array: " << back.error().message();
        auto const read = (*back)[0][0].template as<std::vector<Maybe>>();
        EXPECT_TRUE(read.size() == 2 && read[0] && alike(*read[0], *both[0]) && !read[1])
            << what << ": is another value in an array";
        EXPECT_TRUE((*back)[0][1].template as<bool>()) << what << ": is to the server another value in an array";
    }

    std::unique_ptr<pg::connection> db_;
};

} // namespace coda::test
