// SPDX-License-Identifier: BSL-1.0
#include "clients/mongo/coda_session.hpp"

#include "clients/all/clients.hpp"
#include "clients/all/place.hpp"
#include "clients/coroutines.hpp"
#include "clients/postgres/coda_session.hpp"
#include "clients/redis/coda_session.hpp"

namespace coda::bench::all {
namespace {

// A client of each, on one loop.
class coda_session {
public:
    // For the page as a whole, whatever it waits for.
    static constexpr duration page_deadline = std::chrono::seconds(10);

    coda_session(loop& l, plan const& p) : postgres_(l, p), redis_(l, p), mongo_(l, p) {}

    task<> open() { co_await when_all(postgres_.open(), redis_.open(), mongo_.open()); }

    task<std::int64_t> execute(query q, std::int64_t key) {
        switch (place_of(q)) {
        case place::postgres: return postgres_.execute(q, key);
        case place::redis: return redis_.execute(q, key);
        case place::mongo: break;
        }
        return mongo_.execute(q, key);
    }

    bool lost() const { return postgres_.lost() || redis_.lost() || mongo_.lost(); }

    task<> close() { co_await when_all(postgres_.close(), redis_.close(), mongo_.close()); }

private:
    postgres::coda_session postgres_;
    redis::coda_session redis_;
    mongo::coda_session mongo_;
};

} // namespace

void run_coda(plan const& p, meter& m) { run_coroutines<coda_session>(p, m); }

} // namespace coda::bench::all
