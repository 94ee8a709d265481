// SPDX-License-Identifier: BSL-1.0
#include "pool_choice.hpp"

#include "store.hpp"

#include <fmt/format.h>

#include <limits>
#include <random>

namespace coda::chaos {

namespace {

using std::chrono::milliseconds;

// After the last fault an attempt may hang for bounds::connect, and after this the next is to make all well within a
// second.
constexpr duration longest_backoff = milliseconds(250);

// Not the standard library's distributions, which are different everywhere.
class chooser {
public:
    explicit chooser(std::uint64_t seed) : random_(seed) {}

    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + random_() % (high - low + 1); }
    bool one_in(std::uint64_t n) { return random_() % n == 0; }
    // In two of three storms one of these, else what it was.
    duration sometimes(duration otherwise, std::uint64_t low, std::uint64_t high) {
        milliseconds const drawn(between(low, high));
        return one_in(3) ? otherwise : duration(drawn);
    }

private:
    std::mt19937_64 random_;
};

} // namespace

pool_options chosen_pool(std::uint64_t seed) {
    chooser choose(seed);
    pool_options o{.max_size = 4,
                   .acquire_timeout = bounds::acquire,
                   .connect_timeout = bounds::connect,
                   .validate_timeout = bounds::validate,
                   .reset_timeout = bounds::reset,
                   .close_timeout = bounds::close,
                   .max_backoff = longest_backoff,
                   .jitter_seed = choose.between(1, std::numeric_limits<std::uint32_t>::max())};
    if (choose.one_in(6)) return o;
    o.max_size = choose.between(1, 6);
    o.min_size = choose.one_in(2) ? 0 : choose.between(0, o.max_size);
    if (choose.one_in(2)) o.keep = choose.between(o.min_size, o.max_size);
    o.max_connecting = choose.between(1, 3);
    if (choose.one_in(4)) o.max_waiters = choose.between(o.max_size, 2 * o.max_size);
    o.max_idle_time = choose.sometimes(o.max_idle_time, 5, 150);
    o.max_lifetime = choose.sometimes(o.max_lifetime, 100, 700);
    if (!choose.one_in(3)) o.max_uses = choose.between(1, 60);
    o.validate_after_idle = choose.sometimes(o.validate_after_idle, 0, 20);
    o.ping_after_idle = choose.sometimes(o.ping_after_idle, 10, 100);
    o.leak_warning_after = choose.sometimes(o.leak_warning_after, 10, 100);
    o.upkeep_interval = choose.one_in(8) ? duration() : duration(milliseconds(choose.between(5, 40)));
    o.fail_fast = choose.one_in(3);
    return o;
}

std::string describe(pool_options const& o) {
    auto const in_ms = [](duration d) { return std::chrono::duration_cast<milliseconds>(d).count(); };
    return fmt::format(
        "max_size {}, min_size {}, keep {}, max_connecting {}, max_waiters {}, max_idle_time {} ms, max_lifetime {} "
        "ms, max_uses {}, validate_after_idle {} ms, ping_after_idle {} ms, leak_warning_after {} ms, upkeep_interval "
        "{} ms, fail_fast {}",
        o.max_size, o.min_size, o.keep, o.max_connecting, o.max_waiters, in_ms(o.max_idle_time), in_ms(o.max_lifetime),
        o.max_uses, in_ms(o.validate_after_idle), in_ms(o.ping_after_idle), in_ms(o.leak_warning_after),
        in_ms(o.upkeep_interval), o.fail_fast);
}

} // namespace coda::chaos
