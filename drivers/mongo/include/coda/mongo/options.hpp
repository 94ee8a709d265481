// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/options.hpp>

/// The bounds of MongoDB connections and clients, and what they ask of the servers.
namespace coda::mongo {

/// Which server a read goes to (MongoDB manual, "Read Preference").
enum class read_preference : unsigned char {
    from_uri, ///< what the URI says; primary where it says nothing
    primary,
    primary_preferred,
    secondary,
    secondary_preferred,
    nearest,
};

/// What a read may see (MongoDB manual, "Read Concern").
enum class read_concern : unsigned char {
    from_uri, ///< what the URI says; the server's default where it says nothing
    local,
    available,
    majority,
    linearizable,
    snapshot,
};

/// When a write counts as done (MongoDB manual, "Write Concern").
enum class write_concern : unsigned char {
    from_uri,  ///< what the URI says; the server's default where it says nothing
    one,       ///< w: 1
    majority,  ///< w: "majority"
    journaled, ///< w: 1 and in the journal
};

/// Bounds of one connection. All finite; `check` refuses what is out of range.
struct connection_options {
    /// How long connecting may take: name resolution, server selection, TLS and login. More than 0, at most 24 h.
    duration connect_timeout = std::chrono::seconds(10);
    /// The longest that an operation may take where its context has no earlier deadline. What is left when it is sent
    /// goes along as maxTimeMS, so that the server gives up too, with all operations of a collection but `find`: there
    /// it would bound the cursor as a whole, and not each round trip. More than 0, at most 24 h.
    duration operation_timeout = std::chrono::seconds(30);
    /// For operations that only read.
    mongo::read_preference read_preference = mongo::read_preference::from_uri;
    mongo::read_concern read_concern = mongo::read_concern::from_uri;
    /// For operations that write.
    mongo::write_concern write_concern = mongo::write_concern::from_uri;
    /// Bytes of address space for the stack that libmongoc runs on, one per connection (see coda::fiber_options).
    /// 65,536 to 67,108,864.
    std::size_t stack_size = 256 * 1024;
};

/// Bounds of a client.
struct client_options {
    /// How many connections, and how they are opened, waited for and closed. MongoDB's usual bound is 100.
    pool_options pool{.max_size = 100, .fail_fast = true};
    connection_options connection{};
};
// What may stand inside an await with g++ 12.
static_assert(std::is_trivially_copyable_v<client_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(connection_options const&);
result<> check(client_options const&);

} // namespace coda::mongo
