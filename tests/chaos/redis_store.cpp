// SPDX-License-Identifier: BSL-1.0
#include "store.hpp"
#include "support/redis_server.hpp"

#include <coda/pool.hpp>
#include <coda/redis.hpp>

namespace coda::chaos {

namespace {

using pool_type = pool<redis::connection>;
using leased = operation<lease<redis::connection>>;

operation<std::string> counted(operation<std::int64_t> increment, std::string text) {
    auto const n = co_await as_result(std::move(increment));
    if (n.has_error()) co_return n.error();
    if (*n != 1) co_return fmt::format("counted {} times", *n);
    co_return std::move(text);
}

// Waits for a list that nobody fills: cancelled meanwhile, it costs the connection.
operation<std::string> leased_read(leased acquired, std::string text, std::uint64_t number) {
    auto db = co_await as_result(std::move(acquired));
    if (db.has_error()) co_return db.error();
    if (number % 3 == 0) {
        auto const nothing = co_await as_result((*db)->command<redis::reply>("BLPOP", "coda:nothing", "0.02"));
        if (nothing.has_error()) co_return nothing.error();
    }
    auto answer = co_await as_result((*db)->command<std::string>("ECHO", std::move(text)));
    co_return std::move(answer);
}

// Until EXEC nothing has happened. What it leaves behind now and then, another database or a transaction that is open,
// the next must not meet.
operation<std::string> transaction(leased acquired, std::string place, std::string text, std::uint64_t number,
                                   bool commits) {
    auto taken = co_await as_result(std::move(acquired));
    if (taken.has_error()) co_return taken.error();
    redis::connection& db = **taken;
    auto const begun = co_await as_result(db.command("MULTI"));
    if (begun.has_error()) co_return begun.error().with_outcome(outcome::not_sent);
    auto const queued = co_await as_result(db.command<redis::reply>("HINCRBY", place, number, 1));
    if (queued.has_error()) co_return queued.error().with_outcome(outcome::not_sent);
    auto const asked = co_await as_result(db.command<redis::reply>("ECHO", text));
    if (asked.has_error()) co_return asked.error().with_outcome(outcome::not_sent);
    if (!commits) co_return std::move(text);
    auto done = co_await as_result(db.command<std::tuple<std::int64_t, std::string>>("EXEC"));
    if (done.has_error()) co_return done.error();
    if (number % 5 == 0) static_cast<void>(co_await as_result(db.command("SELECT", 5)));
    if (std::get<0>(*done) != 1) co_return fmt::format("counted {} times", std::get<0>(*done));
    co_return std::get<1>(std::move(*done));
}

operation<> hold_one(leased acquired, latch& all) {
    auto db = co_await as_result(std::move(acquired));
    all.count_down();
    if (db.has_error()) co_return db.error();
    co_return co_await as_result(all.wait());
}

class redis_subject final : public subject {
public:
    redis_subject(loop& l, std::string uri, std::string place)
        : place_(std::move(place)),
          client_(l, uri, {.connections = 2, .connection = connection_bounds()}),
          pool_(
              l, [&l, uri] { return std::make_unique<redis::connection>(l, uri, connection_bounds()); },
              pool_bounds()) {}

    operation<std::string> ask(request what, std::string text, std::uint64_t number) override {
        switch (what) {
        case request::read:
        case request::slow_read: return client_.command<std::string>("ECHO", std::move(text));
        case request::write:
            return counted(client_.command<std::int64_t>("HINCRBY", std::string(place_), number, 1), std::move(text));
        case request::leased_read: return leased_read(pool_.acquire(), std::move(text), number);
        case request::transaction:
        case request::rolled_back: break;
        }
        return transaction(pool_.acquire(), place_, std::move(text), number, what == request::transaction);
    }

    operation<> take_all() override {
        latch all(max_size());
        auto const body = [this, &all](scope& s) -> task<> {
            for (std::size_t i = 0; i < max_size(); ++i) s.spawn(hold_one(pool_.acquire(), all));
            co_await all.wait();
        };
        co_return co_await as_result(with_scope(body));
    }

    operation<> close() override {
        static_cast<void>(co_await as_result(client_.close()));
        co_return co_await as_result(pool_.close());
    }

    void clear(bool interrupt) override { pool_.clear({.interrupt_in_use = interrupt}); }
    pool_statistics statistics() const override { return pool_.statistics(); }
    std::size_t max_size() const override { return pool_bounds().max_size; }

    duration bound(request what) const override {
        switch (what) {
        case request::read:
        case request::slow_read:
        case request::write: return bounds::connect + bounds::request;
        case request::leased_read: return bounds::acquire + 2 * bounds::request;
        default: return bounds::acquire + 5 * bounds::request;
        }
    }

private:
    static redis::connection_options connection_bounds() {
        return {.connect_timeout = bounds::connect,
                .command_timeout = bounds::request,
                .drain_timeout = bounds::drain,
                .max_in_flight = 64};
    }
    static pool_options pool_bounds() {
        return {.max_size = 4,
                .acquire_timeout = bounds::acquire,
                .connect_timeout = bounds::connect,
                .validate_timeout = bounds::validate,
                .reset_timeout = bounds::reset,
                .close_timeout = bounds::close};
    }

    std::string place_;
    redis::client client_;
    pool_type pool_;
};

class the_redis_store final : public store {
public:
    std::string_view name() const override { return "redis"; }
    test::endpoint where() const override {
        auto const uri = test::server_variable("CODA_TEST_REDIS_URI");
        return test::endpoint::tcp(static_cast<std::uint16_t>(std::stoi(uri.substr(uri.rfind(':') + 1))));
    }
    void prepare(std::string const&) override {}
    std::map<std::uint64_t, long> written(std::string const& place) override {
        test::redis_server server;
        std::map<std::uint64_t, long> counts;
        // In any database: a transaction must not have met what another left behind.
        for (auto const* database : {"0", "5"}) {
            server.ask({"SELECT", database});
            std::istringstream words(server.ask({"HGETALL", place}));
            std::uint64_t number = 0;
            for (long n = 0; words >> number >> n;) counts[number] += database[0] == '0' ? n : wrong_place;
        }
        return counts;
    }
    void remove(std::string const& place) override { test::redis_server().ask({"DEL", place}); }
    bool end_sessions() override {
        test::redis_server().ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
        return true;
    }
    std::unique_ptr<subject> open(loop& l, test::endpoint const& through, std::string const& place) override {
        return std::make_unique<redis_subject>(l, fmt::format("redis://127.0.0.1:{}", through.port), place);
    }

private:
    static constexpr long wrong_place = 1000;
};

} // namespace

std::unique_ptr<store> redis_store() { return std::make_unique<the_redis_store>(); }

} // namespace coda::chaos
