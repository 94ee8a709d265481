// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/connection.hpp>
#include <coda/mongo/options.hpp>
#include <coda/pool/pool.hpp>
#include <coda/runtime/scope.hpp>

namespace coda::mongo::detail {

// What a client, its collections and the operations under way share.
class client_state : public std::enable_shared_from_this<client_state> {
public:
    client_state(loop& l, std::string uri, client_options const& options);

    // Ends what waits; connections in use are kept by those who use them.
    void shut() noexcept;
    operation<> close();

    duration operation_timeout() const noexcept { return options_.connection.operation_timeout; }
    pool_statistics statistics() const noexcept;

    // Takes a connection.
    operation<lease<connection>> acquire();
    // Has the server forget a cursor, in the background, as far as that is possible.
    void kill_cursor(std::string database, std::string collection, std::int64_t cursor) noexcept;

private:
    task<> send_kill(std::string database, bson::document body);

    client_options options_;
    std::optional<pool<connection>> pool_;
    std::optional<scope> background_; // uses the pool
};

} // namespace coda::mongo::detail
