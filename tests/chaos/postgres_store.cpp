// SPDX-License-Identifier: BSL-1.0
#include "sharded_pools.hpp"
#include "support/postgres_server.hpp"

#include <coda/postgres.hpp>

namespace coda::chaos {

namespace {

struct statements {
    explicit statements(std::string const& table)
        : write("insert into " + table + " values ($1) returning $2::text"),
          insert("insert into " + table + " values ($1)") {}
    std::string write;
    std::string insert;
    std::string_view read = "select $1::text";
    std::string_view slow_read = "select $1::text from pg_sleep($2)";
    std::string_view owner = "select coalesce(current_setting('coda.owner', true), '')";
    std::string_view own = "select set_config('coda.owner', $1, false)";
};
using statements_ref = std::shared_ptr<statements const>;

// Up to a tenth of a second, most of them far less.
double seconds_of(std::uint64_t number) { return number % 8 == 0 ? 0.1 : static_cast<double>(number % 8) * 0.0005; }

// The statement's text lives as long as it runs, whatever becomes of the client.
operation<std::string> keeping(statements_ref, operation<std::string> statement) {
    co_return co_await as_result(std::move(statement));
}

template <class Acquire>
operation<std::string> leased_read(Acquire acquired, statements_ref sql, std::string text, std::uint64_t number) {
    auto taken = co_await as_result(std::move(acquired));
    if (taken.has_error()) co_return taken.error();
    pg::connection& db = **taken;
    auto answer = co_await as_result(db.query_one<std::string>(sql->slow_read, text, seconds_of(number)));
    co_return std::move(answer);
}

// What both kinds do in their transaction: the owner as it sees him.
template <class Db>
operation<std::string> count_in(Db& db, statements_ref sql, std::string const& text, std::uint64_t number) {
    auto owned = co_await as_result(db.template query_one<std::string>(sql->own, text));
    if (owned.has_error()) co_return owned.error();
    auto inserted = co_await as_result(db.execute(sql->insert, static_cast<std::int64_t>(number)));
    if (inserted.has_error()) co_return inserted.error();
    auto after = co_await as_result(db.template query_one<std::string>(sql->owner));
    co_return std::move(after);
}

// Begun by its text and given back as it is: the pool undoes it.
operation<std::string> left_open(pg::connection& db, statements_ref sql, std::string const& text,
                                 std::uint64_t number) {
    auto begun = co_await as_result(db.execute("begin"));
    if (begun.has_error()) co_return begun.error().with_outcome(outcome::not_sent);
    auto counted = co_await as_result(count_in(db, sql, text, number));
    if (counted.has_error()) co_return counted.error().with_outcome(outcome::not_sent);
    co_return std::move(counted);
}

template <class Acquire>
operation<std::string> transaction(Acquire acquired, statements_ref sql, std::string text, std::uint64_t number,
                                   bool commits) {
    auto taken = co_await as_result(std::move(acquired));
    if (taken.has_error()) co_return taken.error();
    pg::connection& db = **taken;
    auto before = co_await as_result(db.query_one<std::string>(sql->owner));
    if (before.has_error()) co_return before.error().with_outcome(outcome::not_sent);
    if (!before->empty()) co_return "left by another: " + *before;
    auto const body = [&](pg::transaction& tx) { return count_in(tx, sql, text, number); };
    auto doing =
        commits ? db.transaction({.rollback_timeout = bounds::request}, body) : left_open(db, sql, text, number);
    auto done = co_await as_result(std::move(doing));
    co_return std::move(done);
}

pg::connection_options connection_bounds() {
    return {.connect_timeout = bounds::connect,
            .statement_timeout = bounds::request,
            .drain_timeout = bounds::drain,
            .cancel_timeout = bounds::drain,
            .max_in_flight = 16};
}

duration longest(request what) {
    switch (what) {
    case request::read:
    case request::slow_read:
    case request::write: return bounds::connect + bounds::request;
    case request::leased_read: return bounds::acquire + bounds::request;
    default: return bounds::acquire + 7 * bounds::request; // the last undoes it
    }
}

class postgres_subject final : public subject {
public:
    postgres_subject(loop& l, std::string uri, std::string const& place, pool_options const& pool,
                     pool_listener& shared, bool grouped)
        : max_size_(pool.max_size),
          sql_(std::make_shared<statements>(place)),
          grouped_(grouped),
          client_(l, uri, {.connections = 2, .connection = connection_bounds(), .min_group = 2, .listener = &shared}),
          pool_(l, [&l, uri] { return std::make_unique<pg::connection>(l, uri, connection_bounds()); }, pool) {}

    operation<std::string> ask(request what, std::string text, std::uint64_t number) override {
        switch (what) {
        case request::read:
            return (grouped_ ? client_.reads() : client_.alone()).query_one<std::string>(sql_->read, std::move(text));
        case request::slow_read:
            return client_.query_one<std::string>(sql_->slow_read, std::move(text), seconds_of(number));
        case request::write:
            return keeping(
                sql_, client_.query_one<std::string>(sql_->write, static_cast<std::int64_t>(number), std::move(text)));
        case request::leased_read: return leased_read(pool_.acquire(), sql_, std::move(text), number);
        case request::transaction:
        case request::rolled_back: break;
        }
        return transaction(pool_.acquire(), sql_, std::move(text), number, what == request::transaction);
    }

    operation<> take_all() override {
        return hold_at_once(max_size_, [this] { return pool_.acquire(); });
    }

    operation<> close() override {
        static_cast<void>(co_await as_result(client_.close()));
        co_return co_await as_result(pool_.close());
    }

    bool clear(bool interrupt) override {
        pool_.clear({.interrupt_in_use = interrupt});
        return true;
    }
    pool_statistics statistics() const override { return pool_.statistics(); }
    std::optional<pool_statistics> shared_statistics() const override { return client_.statistics(); }

    duration bound(request what) const override { return longest(what); }

private:
    std::size_t max_size_;
    statements_ref sql_;
    bool grouped_;
    pg::client client_;
    pool<pg::connection> pool_;
};

class sharded_postgres final : public sharded_pools<pg::connection> {
public:
    sharded_postgres(loop_group& g, pool_options const& o, std::string const& uri, std::string const& place,
                     objector object)
        : sharded_pools(g, o, maker(uri), std::move(object)), sql_(std::make_shared<statements>(place)) {}

    operation<std::string> ask(request what, std::string text, std::uint64_t number) override {
        if (what == request::leased_read) return leased_read(acquire(), sql_, std::move(text), number);
        return transaction(acquire(), sql_, std::move(text), number, what == request::transaction);
    }
    duration bound(request what) const override { return longest(what); }

private:
    static factory maker(std::string const& uri) {
        return [uri](loop& l, std::atomic<std::size_t>& live) {
            return std::make_unique<connection>(live, l, uri, connection_bounds());
        };
    }

    statements_ref sql_;
};

class the_postgres_store final : public store {
public:
    std::string_view name() const override { return "postgres"; }
    test::endpoint where() const override {
        auto const address = uri();
        return test::endpoint::tcp(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    }
    void prepare(std::string const& place) override { session().ask("create table " + place + " (number bigint)"); }
    std::map<std::uint64_t, long> written(std::string const& place) override {
        auto s = session();
        auto const text = s.ask("select coalesce(string_agg(number || ' ' || n, ' '), '') from (select number, "
                                "count(*) as n from " +
                                place + " group by number) as counted");
        std::istringstream words(text);
        std::map<std::uint64_t, long> counts;
        std::uint64_t number = 0;
        for (long n = 0; words >> number >> n;) counts[number] = n;
        return counts;
    }
    void remove(std::string const& place) override { session().ask("drop table " + place); }
    bool end_sessions() override {
        session().ask("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'storm'");
        return true;
    }
    std::unique_ptr<subject> open(loop& l, test::endpoint const& through, std::string const& place,
                                  pool_options const& pool, pool_listener& shared, bool grouped) override {
        return std::make_unique<postgres_subject>(l, uri_at(through), place, pool, shared, grouped);
    }
    std::unique_ptr<sharded_subject> open_sharded(loop_group& g, test::endpoint const& through,
                                                  std::string const& place, pool_options const& pool,
                                                  objector object) override {
        return std::make_unique<sharded_postgres>(g, pool, uri_at(through), place, std::move(object));
    }

private:
    static std::string uri_at(test::endpoint const& e) {
        return fmt::format("postgresql://coda@127.0.0.1:{}/coda?sslmode=disable&application_name=storm", e.port);
    }
    static std::string uri() { return test::server_variable("CODA_TEST_POSTGRES_URI"); }
    static test::postgres_session session() { return test::postgres_session(uri() + "?connect_timeout=5"); }
};

} // namespace

std::unique_ptr<store> postgres_store() { return std::make_unique<the_postgres_store>(); }

} // namespace coda::chaos
