// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/connection.hpp>
#include <coda/mongo/options.hpp>
#include <coda/pool/detail/client_connection.hpp>
#include <coda/pool/pool.hpp>
#include <coda/runtime/scope.hpp>

namespace coda::mongo::detail {

using client_connection = coda::detail::client_connection<connection>;

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
