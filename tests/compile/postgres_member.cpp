// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

#include <boost/describe.hpp>

struct opaque {};

struct product {
    int id = 0;
#ifdef REFUSED
    std::optional<opaque> price;
#else
    std::optional<coda::pg::numeric> price;
#endif
};
BOOST_DESCRIBE_STRUCT(product, (), (id, price))

coda::task<std::size_t> caller(coda::pg::client& db) {
    auto const all = co_await db.query<product>("select id, price from products");
    co_return all.size();
}
