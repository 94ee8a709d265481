// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/option_check.hpp>

#include <memcached/options.hpp>

namespace memcached {

coda::result<> check(client_options const& o) {
    return coda::first_error({coda::check_range("connections", o.connections, 1, 1'000),
                              coda::check_duration("connect_timeout", o.connect_timeout),
                              coda::check_duration("command_timeout", o.command_timeout),
                              coda::check_duration("drain_timeout", o.drain_timeout),
                              coda::check_range("max_in_flight", o.max_in_flight, 1, 65'536),
                              coda::check_range("max_queued", o.max_queued, 1, 10'000'000),
                              coda::check_range("largest_value", o.largest_value, 1, std::size_t{1} << 30)});
}

} // namespace memcached
