// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/connection.hpp>
#include <coda/mongo/options.hpp>
#include <coda/pool/pool.hpp>
#include <coda/runtime/cancellation.hpp>
#include <coda/runtime/scope.hpp>

namespace coda::mongo::detail {

// A connection of a client's. Ends with the client, wherever it is used.
class client_connection : public connection, private cancel_callback {
public:
    client_connection(loop& l, std::string const& uri, connection_options const& options, cancel_token client_ends)
        : connection(l, uri, options),
          cancel_callback([](cancel_callback& self) noexcept { static_cast<client_connection&>(self).abort(); }) {
        client_ends.attach(*this);
    }
};

// What a client, its collections and the operations under way share.
class client_state : public std::enable_shared_from_this<client_state> {
public:
    client_state(loop& l, std::string uri, client_options const& options);

    // Ends what waits and what is in flight.
    void shut() noexcept;
    operation<> close();

    duration operation_timeout() const noexcept { return options_.connection.operation_timeout; }
    // For the client: they are there until `shut`.
    pool<client_connection>& connections() noexcept { return *pool_; }
    pool<client_connection> const& connections() const noexcept { return *pool_; }

    // Takes a connection.
    operation<lease<client_connection>> acquire();
    // Has the server forget a cursor, in the background, as far as that is possible.
    void kill_cursor(std::string database, std::string collection, std::int64_t cursor, std::string server) noexcept;

private:
    task<> send_kill(command kill);

    loop& loop_;
    client_options options_;
    cancel_source ended_;
    std::optional<pool<client_connection>> pool_;
    std::optional<scope> background_; // uses the pool
};

} // namespace coda::mongo::detail
