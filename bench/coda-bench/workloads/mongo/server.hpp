// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "stores/store.hpp"

#include <mongoc/mongoc.h>

#include <memory>
#include <string>

namespace coda::bench::mongo {

/// MongoDB, as the stores that need it know it.
extern server const database;

struct destroy {
    void operator()(mongoc_client_t* c) const noexcept { mongoc_client_destroy(c); }
    void operator()(mongoc_uri_t* u) const noexcept { mongoc_uri_destroy(u); }
};
using client_ptr = std::unique_ptr<mongoc_client_t, destroy>;
using uri_ptr = std::unique_ptr<mongoc_uri_t, destroy>;

/// Prepares libmongoc, once in a process: call it before anything of it is used.
void initialise();

/// @throws std::runtime_error when the URI is malformed; the message never holds the password
[[nodiscard]] uri_ptr parse_uri(std::string const& uri);

} // namespace coda::bench::mongo
