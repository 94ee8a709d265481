// SPDX-License-Identifier: BSL-1.0
// What a store offers whose driver has transactions, and what their tests are written with.
#pragma once

#include "faults.hpp"
#include "support/cancel_everywhere.hpp"

#include <coda/pool.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace coda::test {

/// What a transaction's body is.
template <class Transaction>
using transaction_body = std::function<task<>(Transaction&)>;

template <class S>
concept store_with_transactions =
    store<S> &&
    requires(typename S::client& c, typename S::connection& own, typename S::transaction& tx,
             transaction_body<typename S::transaction> body, loop& l, std::string text, client_limits const& limits) {
        /// Runs `body` in a transaction: on a connection that the client leases for it, or on one that its task has
        /// alone. Undoing it may take `drain_timeout`.
        { S::transact(c, body, limits) } -> std::same_as<operation<>>;
        { S::transact(own, body, limits) } -> std::same_as<operation<>>;
        { S::make_connection(l, text, limits) } -> std::same_as<std::unique_ptr<typename S::connection>>;
        /// The bounds of connections that are leased, of a client's too: as many as `connections`.
        { S::pool_of(limits) } -> std::same_as<pool_options>;
        /// What the connections that a client leases are doing.
        { S::leased(c) } -> std::same_as<pool_statistics>;
        { S::echo(tx, text) } -> std::same_as<operation<std::string>>;
        { S::write(tx, text) } -> std::same_as<operation<>>;
    };

} // namespace coda::test

namespace coda::test::contract_tests {

/// Who leases the connection of a transaction.
enum class leased_by { client, caller };

template <coda::test::store_with_transactions Store>
class contract_transactions : public contract<Store> {
public:
    struct variant : contract<Store>::variant {
        leased_by who;
        std::string name() const {
            return contract<Store>::variant::name() + (who == leased_by::client ? "_client" : "_connection");
        }
    };
    static std::vector<variant> variants() {
        std::vector<variant> all;
        for (auto const who : {leased_by::client, leased_by::caller}) {
            for (auto const& each : contract<Store>::variants()) all.push_back({each, who});
        }
        return all;
    }
    void become(variant const& v) {
        contract<Store>::become(v);
        who_ = v.who;
    }

protected:
    using transaction = typename Store::transaction;
    using body_type = coda::test::transaction_body<transaction>;
    using pool_type = coda::pool<typename Store::connection>;

    // Whatever the test did: leases are given back, and what was told is still true.
    void TearDown() override {
        if (client_ != nullptr || pool_) {
            EXPECT_EQ(leased().in_use, 0u);
            EXPECT_EQ(leased().waiters, 0u);
            EXPECT_LE(leased().size(), limits_.connections);
        }
        for (auto const& [key, what] : told_) expect_told(key, what);
        reset();
        contract<Store>::TearDown();
    }

    void open(client_limits limits = {}) {
        limits_ = limits;
        if (who_ == leased_by::client) {
            client_ = &this->make(limits);
        } else {
            auto const make = [this] {
                return Store::make_connection(this->loop(), this->store().uri_at(this->proxy().where()), limits_);
            };
            pool_.emplace(this->loop(), make, Store::pool_of(limits));
        }
    }
    // As before `open`.
    void reset() {
        client_ = nullptr;
        pool_.reset();
        this->destroy_clients();
    }
    coda::operation<> transact(body_type body) {
        if (who_ == leased_by::client)
            return Store::transact(*client_, std::move(body), limits_);
        else
            return on_lease(*pool_, std::move(body), limits_);
    }
    coda::pool_statistics leased() const { return pool_ ? pool_->statistics() : Store::leased(*client_); }

    // Twice, so that a half of it can be told from the whole.
    static body_type writes(std::string key) {
        return [key = std::move(key)](transaction& tx) -> task<> {
            co_await Store::write(tx, key);
            co_await Store::write(tx, key);
        };
    }
    // `then` comes between the two.
    static body_type writes_around(std::string key, std::function<task<>()> then) {
        return [key = std::move(key), then = std::move(then)](transaction& tx) -> task<> {
            co_await Store::write(tx, key);
            co_await then();
            co_await Store::write(tx, key);
        };
    }
    bool kept(std::string const& key) {
        auto const n = this->store().count(key);
        EXPECT_TRUE(n == 0 || n == 2) << n << " of 2";
        return n == 2;
    }
    // The outcome of a transaction that writes `key` is the truth, now and in the end.
    void expect_truth(std::string const& key, coda::result<> const& r) {
        auto const what = r.has_value()                             ? told::done
                          : r.error().outcome() == outcome::unknown ? told::unknown
                                                                    : told::undone;
        told_.emplace_back(key, what);
        expect_told(key, what);
    }
    task<> expect_success(body_type body) {
        auto const r = co_await as_result(transact(std::move(body)));
        EXPECT_TRUE(r.has_value()) << r.error().message();
    }
    // The next one is a transaction of its own.
    task<> expect_works() {
        auto const key = this->fresh_key();
        auto const r = co_await as_result(transact(writes(key)));
        EXPECT_TRUE(r.has_value()) << r.error().message();
        expect_truth(key, r);
    }
    // One is connected, and idle: nothing is on its way.
    task<> warm() {
        co_await expect_works();
        co_await settle();
    }
    task<> settle() {
        co_await until([this] { return leased().idle == leased().size(); });
    }

    // The connection is cut after each number of bytes that way of a transaction, until that is through before the cut:
    // even numbers where the client leases it, odd ones where the caller does.
    void cut_at_every_byte(direction d) {
        open();
        int undone = 0;
        int unknown = 0;
        bool through = false;
        auto const body = [&](std::uint64_t n) -> task<> {
            co_await warm();
            auto const key = this->fresh_key();
            flow_faults const cuts{.cut_after = n, .how = n % 4 < 2 ? cut::close : cut::reset};
            this->proxy().apply(one_way(d, cuts));
            auto const r = co_await as_result(transact(writes(key)));
            this->proxy().heal();
            expect_truth(key, r);
            through = r.has_value();
            if (through) co_return;
            EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
            (r.error().outcome() == outcome::unknown ? unknown : undone) += 1;
        };
        auto const first = who_ == leased_by::client ? 0u : 1u;
        for (std::uint64_t n = first; n < 10'000 && !through; n += 2) this->run(body(n));
        EXPECT_TRUE(through);
        EXPECT_GT(undone, 10);
        EXPECT_GT(unknown, 0) << "COMMIT's";
    }
    // The same, held back until a deadline has passed.
    void hold_at_bytes(direction d) {
        open();
        int undone = 0;
        bool through = false;
        auto const body = [&](std::uint64_t n) -> task<> {
            co_await warm();
            auto const key = this->fresh_key();
            this->proxy().apply(one_way(d, {.stall_after = n}));
            auto const r = co_await as_result(coda::with_timeout(20ms, transact(writes(key))));
            through = r.has_value();
            if (!through) {
                EXPECT_EQ(r.error().code(), coda::errc::timed_out) << r.error().message();
                undone += r.error().outcome() != outcome::unknown;
            }
            this->proxy().heal();
            co_await expect_works();
            expect_truth(key, r);
        };
        for (std::uint64_t n = 0; n < 10'000 && !through; n += 7) this->run(body(n));
        EXPECT_TRUE(through);
        EXPECT_GT(undone, 3);
        this->expect_connections_made(static_cast<std::uint64_t>(undone));
    }

private:
    enum class told { done, undone, unknown };

    static coda::operation<> on_lease(pool_type& pool, body_type body, client_limits limits) {
        auto db = co_await as_result(pool.acquire());
        if (db.has_error()) co_return db.error();
        auto done = co_await as_result(Store::transact(**db, std::move(body), limits));
        co_return done;
    }
    void expect_told(std::string const& key, told what) {
        bool const is = kept(key);
        if (what != told::unknown) {
            EXPECT_EQ(is, what == told::done) << key;
        }
    }

    leased_by who_ = leased_by::client;
    client_limits limits_;
    typename contract<Store>::client* client_ = nullptr;
    std::optional<pool_type> pool_;
    std::vector<std::pair<std::string, told>> told_;
};

} // namespace coda::test::contract_tests
