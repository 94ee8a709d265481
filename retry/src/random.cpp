// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/random.hpp>

namespace coda {

std::uint64_t random_source::draw_from_thread(void*) {
    thread_local std::mt19937_64 generator(std::random_device{}());
    return generator();
}

duration random_source::between(duration low, duration high) const {
    if (high <= low) return low;
    std::uniform_int_distribution<duration::rep> any(low.count(), high.count());
    auto source = *this;
    return duration(any(source));
}

} // namespace coda
