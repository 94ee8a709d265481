// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/document.hpp>

namespace coda::mongo::detail {

// What a server's reply says of the command: nothing where it succeeded, else the server's error. A write that failed
// for a document, or was not confirmed, says so inside a reply that is "ok".
std::optional<error> failure_in(bson::view reply);

} // namespace coda::mongo::detail
