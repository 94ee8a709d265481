// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/detail/command.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/stream.hpp>

#include <memory>

namespace coda::mongo::detail {

class client_state;

// Runs one command, unless making it failed, on a connection of the client's and gives the reply; bounded by
// operation_timeout.
operation<bson::document> run(std::shared_ptr<client_state> state, result<command> c);

// The batches of documents that a command with a cursor gives ("find", "aggregate"), until there are no more; each is a
// reply with its array at "cursor.firstBatch" or "cursor.nextBatch". The connection is kept until the stream ends;
// ended early, the cursor is killed.
stream<bson::document> batches(std::shared_ptr<client_state> state, result<command> c, std::string collection,
                               std::int32_t batch_size);

// The documents of such a reply.
bson::array_view batch_of(bson::view reply);

} // namespace coda::mongo::detail
