// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/options.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda::mongo {

result<> check(connection_options const& o) {
    return first_error({
        check_duration("connect_timeout", o.connect_timeout),
        check_duration("operation_timeout", o.operation_timeout),
        check_range("stack_size", o.stack_size, 65'536, 67'108'864),
    });
}

result<> check(client_options const& o) {
    return first_error({check_part("pool", coda::check(o.pool)), check_part("connection", check(o.connection))});
}

} // namespace coda::mongo
