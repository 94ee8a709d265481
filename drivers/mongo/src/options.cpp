// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/options.hpp>

#include <fmt/format.h>

namespace coda::mongo {

namespace {

result<> bounded(std::string_view option, duration d) {
    if (d > duration::zero() && d <= std::chrono::hours(24)) return {};
    return error(make_error_code(coda::errc::invalid_argument),
                 fmt::format("{} must be more than 0 ms and at most 24 h, not {} ns", option, d.count()));
}

} // namespace

result<> check(connection_options const& o) {
    for (auto const& r :
         {bounded("connect_timeout", o.connect_timeout), bounded("operation_timeout", o.operation_timeout)})
        if (r.has_error()) return r;
    if (o.stack_size < 65'536 || o.stack_size > 67'108'864)
        return error(make_error_code(coda::errc::invalid_argument),
                     fmt::format("stack_size must be 65536 to 67108864, not {}", o.stack_size));
    return {};
}

result<> check(client_options const& o) {
    auto const r = coda::check(o.pool);
    return r.has_error() ? r : check(o.connection);
}

} // namespace coda::mongo
