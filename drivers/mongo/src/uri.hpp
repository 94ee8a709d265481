// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "library.hpp"

#include <coda/mongo/options.hpp>
#include <coda/runtime/operation.hpp>

#include <string>

namespace coda::mongo::detail {

// A connection string as libmongoc takes it, with what the options and this driver ask for put in. Nothing is connected
// or looked up. errc::invalid_argument for a malformed one, in words that hold nothing of it but an option's name.
result<uri_handle> parse_uri(std::string const& text, connection_options const& options);

// The same. With mongodb+srv the servers are in the DNS (MongoDB specification "Initial DNS Seedlist Discovery"), where
// libmongoc looks with blocking calls: it does so on a thread, and what comes back names the servers.
operation<uri_handle> look_up_servers(std::string text, connection_options options);

// A connection string with mongodb+srv, as one that names these servers.
std::string with_servers(std::string_view with_srv, std::string_view servers);

// What is wrong with a connection string, by libmongoc's message about it, which may quote it.
std::string what_is_wrong(std::string_view libmongoc_message);

} // namespace coda::mongo::detail
