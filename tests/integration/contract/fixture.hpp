// SPDX-License-Identifier: BSL-1.0
// A store behind a proxy, and a client of its on a loop: what the tests of the contract are written with.
#pragma once

#include "registration.hpp"
#include "store.hpp"
#include "support/eventually.hpp"
#include "support/fault_proxy.hpp"
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/required_server.hpp"

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

namespace coda::test::contract_tests {

using namespace std::chrono_literals;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::client_limits;
using coda::test::cut;
using coda::test::fault_proxy;
using coda::test::loop_kind;
using coda::test::sockets_open;

inline int last_key = 0;

template <coda::test::store Store>
class contract : public testing::Test {
public:
    struct variant {
        loop_kind kind;
        std::string name() const { return name_of_store<Store>() + (kind == loop_kind::asio ? "_asio" : "_ev"); }
    };
    static std::vector<variant> variants() {
        std::vector<variant> all;
        for (auto const kind : loop_kinds()) all.push_back({kind});
        return all;
    }
    void become(variant const& v) { kind_ = v.kind; }

protected:
    using client = typename Store::client;

    void SetUp() override {
        coda::test::require_server(Store::variable);
        if (this->IsSkipped() || this->HasFatalFailure()) return;
        store_.emplace();
        loop_ = coda::test::make_loop(kind_);
        proxy_.emplace(store_->where());
        sockets_ = sockets_open();
    }
    // Whatever the test did: nothing is left open on our side.
    void TearDown() override {
        if (!store_) return;
        clients_.clear();
        proxy_->heal(); // it keeps a connection open for as long as it holds something back
        EXPECT_TRUE(proxy_->wait_for([](auto const& s) { return s.open == 0; })) << "connections are left";
        if constexpr (requires { store_->settled(); }) EXPECT_TRUE(store_->settled());
        EXPECT_EQ(sockets_open(), sockets_);
        proxy_.reset();
        loop_.reset();
    }

    coda::loop& loop() { return *loop_; }
    template <class T>
    T run(task<T> t) {
        return loop_->run(std::move(t));
    }
    template <class Body>
    void run_in_scope(Body const& body) {
        loop_->run(coda::with_scope(body));
    }

    // A client through the proxy.
    client& make(client_limits limits = {}) { return make_at(proxy_->where(), limits); }
    client& make_at(endpoint const& where, client_limits limits = {}) { return make_of(store_->uri_at(where), limits); }
    // A client through the proxy, whose machine it knows by this name.
    client& make_named(std::string const& host) {
        return make_of(boost::algorithm::replace_first_copy(store_->uri_at(proxy_->where()), "127.0.0.1", host));
    }
    client& connected(client_limits limits = {}) {
        client& c = make(limits);
        auto const connect = [&]() -> task<> { co_await Store::connect(c); };
        run(connect());
        return c;
    }
    void destroy_clients() { clients_.clear(); }

    static coda::operation<std::string> echo(client& c, std::string text) { return Store::echo(c, std::move(text)); }
    static coda::operation<> write(client& c, std::string key) { return Store::write(c, std::move(key)); }
    Store& store() { return *store_; }
    fault_proxy& proxy() { return *proxy_; }
    static std::string fresh_key() { return fmt::format("key {} {}", getpid(), ++last_key); }

    // Replies wait in the proxy from now on, while requests reach the server.
    void hold_replies() { proxy().apply({.to_client = {.stall_after = 0}}); }
    std::uint64_t bytes_sent() { return proxy().stats().to_server.forwarded; }
    task<> until_sent(std::uint64_t before) {
        co_await until([&] { return bytes_sent() > before; });
    }
    task<> expect_echo(client& c, std::string text) {
        auto const r = co_await as_result(echo(c, text));
        EXPECT_TRUE(r.has_value()) << r.error().message();
        if (r.has_value()) {
            EXPECT_EQ(*r, text);
        }
    }
    // How many connections a client with one at a time has made after so many requests were given up in flight.
    void expect_connections_made(std::uint64_t given_up) {
        EXPECT_EQ(proxy().stats().accepted, Store::shares_connections ? 1 : 1 + given_up);
    }
    template <class T>
    static void expect_error(coda::result<T> const& r, coda::error_code code, outcome what) {
        EXPECT_TRUE(r.has_error());
        if (!r.has_error()) return;
        EXPECT_EQ(r.error().code(), code) << r.error().message();
        EXPECT_EQ(r.error().outcome(), what) << r.error().message();
    }

private:
    client& make_of(std::string uri, client_limits limits = {}) {
        clients_.push_back(Store::make(*loop_, std::move(uri), limits));
        return *clients_.back();
    }

    loop_kind kind_ = loop_kind::asio;
    std::optional<Store> store_;
    std::unique_ptr<coda::loop> loop_;
    std::optional<fault_proxy> proxy_;
    std::vector<std::unique_ptr<client>> clients_;
    std::size_t sockets_ = 0;
};

using coda::test::contract_store;
using coda::test::gives;
using coda::test::until;

} // namespace coda::test::contract_tests
