// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/sharing_options.hpp>
#include <coda/postgres/many_options.hpp>
#include <coda/postgres/options.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda::pg {

result<> check(connection_options const& o) {
    return first_error({
        check_duration("connect_timeout", o.connect_timeout),
        check_duration("statement_timeout", o.statement_timeout),
        check_duration("drain_timeout", o.drain_timeout),
        check_duration_or_zero("cancel_after", o.cancel_after),
        check_duration("cancel_timeout", o.cancel_timeout),
        check_range("max_in_flight", o.max_in_flight, 1, 65'536),
        check_range("max_queued", o.max_queued, 1, 10'000'000),
        check_range("max_queued_bytes", o.max_queued_bytes, 1'024, 1'000'000'000'000),
        check_range("statement_cache", o.statement_cache, 0, 100'000),
    });
}

namespace {

result<> check_unmonitored(pool_options const& o) {
    if (!o.monitored) return {};
    return error(make_error_code(coda::errc::invalid_argument),
                 "pool.monitored must be false: a client finds out by itself whether its server is there");
}

} // namespace

result<> check(client_options const& o) {
    return first_error({
        check_part("connection", check(o.connection)),
        check(sharing_of(o, o.connection.statement_timeout)),
        check_part("pool", coda::check(o.pool)),
        check_unmonitored(o.pool),
        check_range("grouping", static_cast<std::uint64_t>(o.grouping), 0, 2),
        check_range("min_group", o.min_group, 2, 1'024),
        check_range("max_group", o.max_group, o.min_group, 1'024),
    });
}

result<> check(transaction_options const& o) {
    return first_error({
        check_range("isolation", static_cast<std::uint64_t>(o.isolation), 0, 3),
        check_duration("rollback_timeout", o.rollback_timeout),
    });
}
result<> check(many_options const& o) { return check_range("chunk", o.chunk, 1, 1'000'000); }

} // namespace coda::pg
