// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime.hpp>

static coda::task<int> answer() { co_return 42; }

int main() {
    coda::asio_loop loop;
    return loop.run(answer()) == 42 ? 0 : 1;
}
