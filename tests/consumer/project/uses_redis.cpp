// SPDX-License-Identifier: BSL-1.0
#include <coda/redis.hpp>
#include <coda/runtime.hpp>

// Nobody listens on port 1: that the refusal arrives shows that the driver runs.
static coda::task<bool> refused(coda::loop& loop) {
    coda::redis::client db(loop, "redis://127.0.0.1:1");
    auto const connected = co_await coda::as_result(db.connect());
    co_return connected.has_error() && connected.error().code() == coda::redis::errc::connect_failed;
}

int main() {
    coda::asio_loop loop;
    return loop.run(refused(loop)) ? 0 : 1;
}
