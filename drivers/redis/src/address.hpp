// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace coda::redis::detail {

// Where a server is and how to log in there: a URI taken apart. Holds a secret.
struct address {
    std::string host; // a name or an address; empty: a unix socket
    std::string port = "6379";
    std::string path; // of the unix socket
    std::string user; // empty: the server's default user
    std::optional<std::string> password;
    std::string database = "0";
    std::string client_name = "coda";

    // coda::errc::invalid_argument says which part is wrong; values are never repeated, since one may be a password.
    static result<address> parse(std::string_view uri);
};

} // namespace coda::redis::detail
