// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "json.hpp"

#include <coda/runtime/operation.hpp>

#include <optional>
#include <string>
#include <vector>

namespace coda::cmap {

// A server that is not there: it answers at once, but for what a fail point says (MongoDB's failCommand).
class server {
public:
    // Takes a configureFailPoint command, in place of the last one. Throws `malformed`.
    void set_fail_point(json::object const& command);

    // One command of a connection: ends in its time, and perhaps fails.
    operation<> run(std::string command, std::string app_name);

private:
    std::vector<std::string> commands_; // that are affected
    std::optional<std::string> app_name_;
    std::int64_t times_ = 0; // left; negative: always
    std::int64_t block_ms_ = 0;
    bool close_ = false;
    std::int64_t code_ = 0;
};

// The number of the server's error with which a connection was refused; 0 where it was not that.
int server_code_of(error const& e) noexcept;

// One to it, as the pool holds them. Connecting says hello and logs in.
class connection {
public:
    connection(server& s, std::string app_name) : server_(s), app_name_(std::move(app_name)) {}

    operation<> connect();
    operation<> ping() { return server_.run("ping", app_name_); }
    static operation<> reset() { co_return result<>(); }
    static operation<> close() { co_return result<>(); }
    bool usable() const noexcept { return usable_; }
    static bool needs_reset() noexcept { return false; }
    void abort() noexcept { usable_ = false; }

private:
    server& server_;
    std::string app_name_;
    bool usable_ = false;
};

} // namespace coda::cmap
