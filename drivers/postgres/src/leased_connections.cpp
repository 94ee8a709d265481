// SPDX-License-Identifier: BSL-1.0
#include "leased_connections.hpp"

namespace coda::pg::detail {

leased_connections::leased_connections(loop& l, std::string uri, client_options const& options) {
    auto make = [this, &l, uri = std::move(uri), o = options.connection] {
        return std::make_unique<connection_type>(ended_.token(), l, uri, o);
    };
    pool_.emplace(l, std::move(make), options.pool);
}

operation<borrowed> leased_connections::acquire() {
    if (!pool_ || refuses_) co_return error(coda::errc::closed);
    auto taken = co_await as_result(pool_->acquire());
    if (taken.has_error()) co_return taken.error();
    auto own = (*taken)->source().own;
    co_return borrowed{std::move(own), std::make_shared<lease<connection_type>>(std::move(*taken))};
}

operation<> leased_connections::close() {
    if (!pool_) co_return result<>();
    co_return co_await as_result(pool_->close());
}

void leased_connections::end() noexcept {
    ended_.request(coda::errc::closed);
    pool_.reset();
}

pool_statistics leased_connections::statistics() const noexcept {
    return pool_ ? pool_->statistics() : pool_statistics();
}

} // namespace coda::pg::detail
