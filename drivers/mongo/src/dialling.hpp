// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire.hpp"
#include "wire_stream.hpp"

namespace coda::mongo::detail {

// What libmongoc calls for each server that it wants to talk to (mongoc_stream_initiator_t; `self` is the client's
// wire): resolves the name, connects and does the TLS handshake, all waiting on the loop. Null, with `failed` set and
// the reason noted in the wire, when that fails.
mongoc_stream_t* dial(mongoc_uri_t const* uri, mongoc_host_list_t const* host, void* self,
                      bson_error_t* failed) noexcept;

} // namespace coda::mongo::detail
