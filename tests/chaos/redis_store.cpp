// SPDX-License-Identifier: BSL-1.0
#include "sharded_pools.hpp"
#include "support/redis_server.hpp"

#include <coda/redis.hpp>

namespace coda::chaos {

namespace {

// Counts one more for a number and answers with the text.
constexpr std::string_view count = R"(
    local n = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
    if n ~= 1 then return 'counted ' .. n .. ' times' end
    return ARGV[2])";

// Keeps the server busy for so many microseconds: nobody else is served meanwhile.
constexpr std::string_view busy = R"(
    local function now() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end
    local over = now() + tonumber(ARGV[2])
    while now() < over do end
    return ARGV[1])";

// Most of them short, since they are everybody's.
std::uint64_t busy_for(std::uint64_t number) { return number % 32 == 0 ? 20'000 : number % 8 * 100; }

// Waits for a list that nobody fills: cancelled meanwhile, it costs the connection.
template <class Acquire>
operation<std::string> leased_read(Acquire acquired, std::string text, std::uint64_t number) {
    auto taken = co_await as_result(std::move(acquired));
    if (taken.has_error()) co_return taken.error();
    redis::connection& db = **taken;
    if (number % 3 == 0) {
        auto const nothing = co_await as_result(db.command<redis::reply>("BLPOP", "coda:nothing", "0.02"));
        if (nothing.has_error()) co_return nothing.error();
    }
    auto answer = co_await as_result(db.command<std::string>("ECHO", std::move(text)));
    co_return std::move(answer);
}

// Until EXEC nothing has happened. What it leaves behind now and then, another database or a transaction that is open,
// the next must not meet.
template <class Acquire>
operation<std::string> transaction(Acquire acquired, std::string place, std::string text, std::uint64_t number,
                                   bool commits) {
    auto taken = co_await as_result(std::move(acquired));
    if (taken.has_error()) co_return taken.error();
    redis::connection& db = **taken;
    auto before = co_await as_result(db.command<std::string>("ECHO", text));
    if (before.has_error()) co_return before.error().with_outcome(outcome::not_sent);
    auto const begun = co_await as_result(db.command("MULTI"));
    if (begun.has_error()) co_return begun.error().with_outcome(outcome::not_sent);
    auto const queued = co_await as_result(db.command<redis::reply>("HINCRBY", place, number, 1));
    if (queued.has_error()) co_return queued.error().with_outcome(outcome::not_sent);
    auto const asked = co_await as_result(db.command<redis::reply>("ECHO", text));
    if (asked.has_error()) co_return asked.error().with_outcome(outcome::not_sent);
    if (!commits) co_return std::move(before);
    auto done = co_await as_result(db.command<std::tuple<std::int64_t, std::string>>("EXEC"));
    if (done.has_error()) co_return done.error();
    if (number % 5 == 0) static_cast<void>(co_await as_result(db.command("SELECT", 5)));
    if (std::get<0>(*done) != 1) co_return fmt::format("counted {} times", std::get<0>(*done));
    co_return std::get<1>(std::move(*done));
}

redis::connection_options connection_bounds() {
    return {.connect_timeout = bounds::connect,
            .command_timeout = bounds::request,
            .drain_timeout = bounds::drain,
            .max_in_flight = 64};
}

duration longest(request what) {
    switch (what) {
    case request::read:
    case request::slow_read:
    case request::write: return bounds::connect + bounds::request;
    case request::leased_read: return bounds::acquire + 2 * bounds::request;
    default: return bounds::acquire + 6 * bounds::request;
    }
}

class redis_subject final : public subject {
public:
    redis_subject(loop& l, std::string uri, std::string place, pool_options const& pool, pool_listener& shared)
        : max_size_(pool.max_size),
          place_(std::move(place)),
          client_(l, uri, {.connections = 2, .connection = connection_bounds(), .listener = &shared}),
          pool_(l, [&l, uri] { return std::make_unique<redis::connection>(l, uri, connection_bounds()); }, pool) {}

    operation<std::string> ask(request what, std::string text, std::uint64_t number) override {
        switch (what) {
        case request::read: return client_.command<std::string>("ECHO", std::move(text));
        case request::slow_read:
            return client_.command<std::string>("EVAL", busy, 0, std::move(text), busy_for(number));
        case request::write:
            return client_.command<std::string>("EVAL", count, 1, std::string(place_), number, std::move(text));
        case request::leased_read: return leased_read(pool_.acquire(), std::move(text), number);
        case request::transaction:
        case request::rolled_back: break;
        }
        return transaction(pool_.acquire(), place_, std::move(text), number, what == request::transaction);
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
    std::string place_;
    redis::client client_;
    pool<redis::connection> pool_;
};

class sharded_redis final : public sharded_pools<redis::connection> {
public:
    sharded_redis(loop_group& g, pool_options const& o, std::string const& uri, std::string place, objector object)
        : sharded_pools(g, o, maker(uri), std::move(object)), place_(std::move(place)) {}

    operation<std::string> ask(request what, std::string text, std::uint64_t number) override {
        if (what == request::leased_read) return leased_read(acquire(), std::move(text), number);
        return transaction(acquire(), place_, std::move(text), number, what == request::transaction);
    }
    duration bound(request what) const override { return longest(what); }

private:
    static factory maker(std::string const& uri) {
        return [uri](loop& l, std::atomic<std::size_t>& live) {
            return std::make_unique<connection>(live, l, uri, connection_bounds());
        };
    }

    std::string place_;
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
    std::unique_ptr<subject> open(loop& l, test::endpoint const& through, std::string const& place,
                                  pool_options const& pool, pool_listener& shared, bool) override {
        return std::make_unique<redis_subject>(l, uri_at(through), place, pool, shared);
    }
    std::unique_ptr<sharded_subject> open_sharded(loop_group& g, test::endpoint const& through,
                                                  std::string const& place, pool_options const& pool,
                                                  objector object) override {
        return std::make_unique<sharded_redis>(g, pool, uri_at(through), place, std::move(object));
    }

private:
    static std::string uri_at(test::endpoint const& e) { return fmt::format("redis://127.0.0.1:{}", e.port); }

    static constexpr long wrong_place = 1000;
};

} // namespace

std::unique_ptr<store> redis_store() { return std::make_unique<the_redis_store>(); }

} // namespace coda::chaos
