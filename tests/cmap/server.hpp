// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fail_point.hpp"

#include <coda/runtime/operation.hpp>

#include <string>

namespace coda::cmap {

// A server that is not there: it answers at once, but for what a fail point says.
class server {
public:
    // In place of the last one.
    void set_fail_point(fail_point f) { fails_ = std::move(f); }

    // One command of a connection: ends in its time, and perhaps fails.
    operation<> run(std::string command, std::string app_name);

private:
    fail_point fails_;
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
