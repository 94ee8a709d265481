// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mongoc/mongoc.h>

#include <memory>

namespace coda::mongo::detail {

// Before anything else of libmongoc is used. Its clean-up at the end of the program is left to the system: others may
// use it too. Its debugging messages, of which each of our clients makes one, are not printed from then on.
void start_library();

template <auto Destroy>
struct destroyed_by {
    template <class T>
    void operator()(T* object) const noexcept {
        Destroy(object);
    }
};
using uri_handle = std::unique_ptr<mongoc_uri_t, destroyed_by<mongoc_uri_destroy>>;
using client_handle = std::unique_ptr<mongoc_client_t, destroyed_by<mongoc_client_destroy>>;
using stream_handle = std::unique_ptr<mongoc_stream_t, destroyed_by<mongoc_stream_destroy>>;

} // namespace coda::mongo::detail
