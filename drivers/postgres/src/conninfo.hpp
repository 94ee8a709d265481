// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coda::pg::detail {

// One server to try: a host name, an address or a socket's folder, as libpq's host, hostaddr and port have it.
struct server_address {
    std::string host;
    std::string hostaddr;
    std::string port;

    // Whether libpq would ask a name server, which blocks.
    bool needs_resolving() const noexcept;
    friend bool operator==(server_address const&, server_address const&) = default;
};

// A connection URI or keyword string as libpq takes it (manual, 34.1.1), taken apart. Nothing is connected; a service's
// file is read.
class conninfo {
public:
    // errc::invalid_argument says which part is wrong; values are never repeated, since one may be a password.
    static result<conninfo> parse(std::string const& text);

    // The servers in the order in which they are to be tried; where the text names none, from its service, or from
    // PGHOST, PGHOSTADDR and PGPORT.
    std::vector<server_address> const& servers() const noexcept { return servers_; }

    // Tries these instead: the same with names resolved, perhaps to several addresses each.
    void set_servers(std::vector<server_address> servers) { servers_ = std::move(servers); }

    // Has the server at `index`, which did not answer, not tried again, nor those before it, which have failed. False
    // when none is left.
    bool go_on_after(std::size_t index);

    // How many servers are to be tried, from the one at `index` on.
    std::size_t tries_left(std::size_t index) const noexcept { return servers_.size() * (two_rounds_ ? 2 : 1) - index; }

    // The longest wait for one server: connect_timeout, at least 2 s, as libpq has it; none where that is 0 or less.
    std::optional<duration> connect_timeout() const noexcept { return connect_timeout_; }

    // Whether load_balance_hosts says so, where libpq knows it.
    bool in_random_order() const noexcept { return in_random_order_; }

    // Everything for PQconnectStartParams. Holds secrets.
    std::vector<std::pair<std::string, std::string>> parameters() const;

private:
    std::vector<std::pair<std::string, std::string>> options_; // but for the servers
    std::vector<server_address> servers_;
    std::optional<duration> connect_timeout_;
    bool in_random_order_ = false;
    bool two_rounds_ = false; // libpq goes over all servers a second time
};

// What is wrong with a connection text, by how libpq's message about it begins. None of libpq's words are repeated:
// what it quotes may be a part of the password.
std::string what_is_wrong(std::string_view text, std::string_view libpq_message);

} // namespace coda::pg::detail
