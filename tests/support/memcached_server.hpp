// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/required_server.hpp"
#include "support/socket.hpp"

#include <string>

namespace coda::test {

// A blocking session with the memcached of scripts/servers, apart from the code under test.
class memcached_server {
public:
    memcached_server() : connection_(connect_to(address())) {}

    // The server's own address.
    static endpoint address() {
        auto const uri = server_variable("CODA_TEST_MEMCACHED_URI");
        return endpoint::tcp(static_cast<std::uint16_t>(std::stoi(uri.substr(uri.rfind(':') + 1))));
    }
    static std::string uri_at(endpoint const& e) { return "memcached://127.0.0.1:" + std::to_string(e.port); }

    // The value of a key; empty where there is none.
    std::string get(std::string const& key) {
        write_all(connection_.get(), "mg " + key + " v\r\n");
        auto const head = line();
        if (!head.starts_with("VA ")) return {};
        auto const value = read_exactly(connection_.get(), std::stoul(head.substr(3)));
        line();
        return value;
    }
    void del(std::string const& key) {
        write_all(connection_.get(), "delete " + key + "\r\n");
        line();
    }

private:
    std::string line() {
        std::string text;
        while (!text.ends_with("\r\n")) text += read_exactly(connection_.get(), 1);
        return text;
    }

    unique_fd connection_;
};

} // namespace coda::test
