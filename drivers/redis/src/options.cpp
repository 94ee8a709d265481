// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/sharing_options.hpp>
#include <coda/redis/options.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda::redis {

result<> check(connection_options const& o) {
    return first_error({
        check_duration("connect_timeout", o.connect_timeout),
        check_duration("command_timeout", o.command_timeout),
        check_duration("drain_timeout", o.drain_timeout),
        check_range("max_in_flight", o.max_in_flight, 1, 65'536),
        check_range("max_queued", o.max_queued, 1, 10'000'000),
    });
}

result<> check(client_options const& o) {
    return first_error(
        {check_part("connection", check(o.connection)), check(sharing_of(o, o.connection.command_timeout))});
}

} // namespace coda::redis
