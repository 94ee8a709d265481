// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "store.hpp"
#include "support/fault_proxy.hpp"
#include "support/memcached_server.hpp"

#include <fmt/format.h>
#include <memcached/client.hpp>

#include <charconv>

namespace coda::test {

// The driver of examples/custom_driver.
//
// - memcached has no echo, but a meta command gives its key back, also where there is no such key. A key has no blanks,
//   so the text goes in hexadecimal digits.
// - It cannot be told to end connections. There is a proxy in front of it that can.
class memcached_store {
public:
    static constexpr char const* variable = "CODA_TEST_MEMCACHED_URI";
    static constexpr char const* nowhere = "memcached://127.0.0.1:1";
    static constexpr bool shares_connections = true;
    using client = memcached::client;

    ~memcached_store() {
        for (auto const& key : written_) server_.del(key);
    }

    endpoint where() const { return door_.where(); }
    static std::string uri_at(endpoint const& e) { return memcached_server::uri_at(e); }
    static std::vector<std::string> malformed_uris(std::string const& password) {
        return {"memcached://me:" + password + "@host:11211",
                "memcached://" + password + "@host:11211",
                "memcached://host:" + password,
                "memcached://host:11211/" + password,
                "memcached://host:11211?" + password,
                password + "://host:11211",
                "memcached://[" + password + ":11211",
                "memcached://" + password + ":70000",
                "memcached://" + password,
                "memcached://:" + password + ":1"};
    }

    static std::unique_ptr<client> make(loop& l, std::string uri, client_limits const& limits) {
        memcached::client_options o;
        o.connections = limits.connections;
        o.max_in_flight = limits.max_in_flight;
        o.max_queued = limits.max_queued;
        o.connect_timeout = limits.connect_timeout;
        o.command_timeout = limits.operation_timeout;
        o.drain_timeout = limits.drain_timeout;
        return std::make_unique<client>(l, uri, o);
    }
    static operation<std::string> echo(client& cache, std::string text) {
        return key_in(cache.meta("mg", hexadecimal(text), "k"));
    }
    static operation<> write(client& cache, std::string key) {
        auto const counted = co_await as_result(cache.incr_or_set(hexadecimal(key), 1));
        if (counted.has_error()) co_return counted.error();
        co_return result<>();
    }
    static operation<> connect(client& cache) { return cache.connect(); }
    static operation<> close(client& cache) { return cache.close(); }
    static std::size_t open_connections(client const& cache) { return cache.open_connections(); }

    long count(std::string const& key) {
        written_.push_back(hexadecimal(key));
        auto const value = server_.get(written_.back());
        return value.empty() ? 0 : std::stol(value);
    }
    void kill_connections() { door_.cut_now(cut::close); }
    // Its own proxy lets go of a connection a moment after the other side has.
    bool settled() const {
        return door_.wait_for([](auto const& s) { return s.open == 0; });
    }

private:
    static operation<std::string> key_in(operation<memcached::meta_reply> asked) {
        auto const answer = co_await as_result(std::move(asked));
        if (answer.has_error()) co_return answer.error();
        if (!answer->flags.starts_with('k')) co_return answer->flags;
        co_return from_hexadecimal(answer->flags.substr(1));
    }
    static std::string hexadecimal(std::string const& text) {
        std::string digits;
        for (char const c : text) digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
        return digits;
    }
    // What is none (a corrupted reply, say) stays as it is.
    static std::string from_hexadecimal(std::string const& digits) {
        std::string text;
        for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
            unsigned char c = 0;
            auto const* const end = digits.data() + i + 2;
            if (std::from_chars(digits.data() + i, end, c, 16).ptr != end) return digits;
            text += static_cast<char>(c);
        }
        return text;
    }

    memcached_server server_;
    fault_proxy door_{memcached_server::address()};
    std::vector<std::string> written_;
};

static_assert(store<memcached_store>);

} // namespace coda::test
