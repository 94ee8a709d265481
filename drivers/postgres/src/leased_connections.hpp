// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/client_connection.hpp>
#include <coda/pool/pool.hpp>
#include <coda/postgres/connection.hpp>

#include <optional>

namespace coda::pg::detail {

// The connections of a client that its transactions have alone, one at a time.
class leased_connections {
public:
    leased_connections(loop& l, std::string uri, client_options const& options);

    // As pool::acquire; errc::closed when the client is gone.
    operation<borrowed> acquire();
    // From here on acquire fails with errc::closed.
    void refuse() noexcept { refuses_ = true; }
    // As pool::close.
    operation<> close();
    // At once: what they do ends with errc::closed.
    void end() noexcept;
    pool_statistics statistics() const noexcept;

private:
    using connection_type = coda::detail::client_connection<connection>;

    cancel_source ended_;
    std::optional<pool<connection_type>> pool_;
    bool refuses_ = false;
};

} // namespace coda::pg::detail
