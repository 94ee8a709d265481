// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool.hpp>
#include <coda/runtime/sleep.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace coda::test {

// What the connections of a test do, and what was seen of them.
struct scripted_server {
    duration connect_takes{};
    duration ping_takes{};
    duration reset_takes{};
    duration close_takes{};
    std::optional<error> refuses{}; // what connecting fails with
    bool ping_fails = false;
    bool reset_fails = false;

    int made = 0;
    int live = 0; // objects
    int most_live = 0;
    int connects = 0;
    int pings = 0;
    int resets = 0;
    int closes = 0;
    int aborts = 0;
};

// A connection without a peer. Used by `use()`; lost by `lose()`.
class scripted_connection {
public:
    explicit scripted_connection(scripted_server& s) : server_(s), number_(++s.made) {
        server_.most_live = std::max(server_.most_live, ++server_.live);
    }
    scripted_connection(scripted_connection const&) = delete;
    scripted_connection& operator=(scripted_connection const&) = delete;
    ~scripted_connection() { --server_.live; }

    operation<> connect() {
        ++server_.connects;
        auto const waited = co_await as_result(sleep_for(server_.connect_takes));
        if (waited.has_error()) co_return waited.error();
        if (server_.refuses) co_return *server_.refuses;
        usable_ = true;
        co_return result<>();
    }
    operation<> ping() {
        ++server_.pings;
        return work(server_.ping_takes, server_.ping_fails);
    }
    operation<> reset() {
        ++server_.resets;
        dirty_ = false;
        return work(server_.reset_takes, server_.reset_fails);
    }
    operation<> close() {
        ++server_.closes;
        return work(server_.close_takes, false);
    }
    void abort() noexcept {
        ++server_.aborts;
        usable_ = false;
    }
    bool usable() const noexcept { return usable_; }
    bool needs_reset() const noexcept { return dirty_; }

    void use() noexcept { dirty_ = true; }
    void lose() noexcept { usable_ = false; }
    int number() const noexcept { return number_; }

private:
    static operation<> work(duration takes, bool fails) {
        auto const waited = co_await as_result(sleep_for(takes));
        if (waited.has_error()) co_return waited.error();
        if (fails) co_return error(errc::connection_lost);
        co_return result<>();
    }

    scripted_server& server_;
    int number_;
    bool usable_ = false;
    bool dirty_ = false;
};

using scripted_pool = coda::pool<scripted_connection>;
using scripted_lease = coda::lease<scripted_connection>;

inline scripted_pool::factory connections_to(scripted_server& s) {
    return [&s] { return std::make_unique<scripted_connection>(s); };
}

} // namespace coda::test
