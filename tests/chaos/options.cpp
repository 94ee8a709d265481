// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <random>

namespace coda::chaos {

namespace {

constexpr int bad_usage = 2;
constexpr auto most = std::numeric_limits<std::uint64_t>::max();

// CLI11 takes -1 for the largest number there is.
CLI::Validator whole(std::uint64_t low, std::uint64_t high = most) {
    auto const objection = [low, high](std::string const& text) -> std::string {
        std::uint64_t n = 0;
        auto const* const end = text.data() + text.size();
        auto const read = std::from_chars(text.data(), end, n);
        if (read.ec == std::errc() && read.ptr == end && low <= n && n <= high) return {};
        if (high == most) return fmt::format("'{}' is no whole number from {} on", text, low);
        return fmt::format("'{}' is no whole number from {} to {}", text, low, high);
    };
    return CLI::Validator(objection, "");
}

} // namespace

std::optional<int> read(options& o, int argc, char** argv) {
    bool only_read = false;
    o.seed = std::random_device()() % 1'000'000;
    CLI::App app("Storms of faults over coda's drivers");
    app.add_option("--store", o.stores, "postgres, redis, mongo; all of them")
        ->check(CLI::IsMember({"postgres", "redis", "mongo"}));
    app.add_option("--loop", o.loops, "asio, ev; both")->check(CLI::IsMember({"asio", "ev"}));
    auto* const seed = app.add_option("--seed", o.seed, "of everything that happens; by chance")->check(whole(0));
    app.add_option("--storm", o.storm, "only this one, from 1 on")->check(whole(1))->needs(seed);
    auto* const operations =
        app.add_option("--operations", o.operations, "at least so many for each store")->check(whole(1));
    app.add_option("--seconds", o.seconds, "for about so long altogether; 60")
        ->check(CLI::Range(0.001, 1e7))
        ->excludes(operations);
    app.add_option("--callers", o.callers, "who ask at once")->check(whole(1, 10'000));
    app.add_flag("--verbose", o.verbose, "names each storm");
    app.add_flag("--only-read-options", only_read)->group(""); // for scripts/chaos, before it starts servers
    try {
        app.parse(argc, argv);
#ifndef CODA_HAS_LIBEV
        if (app.count("--loop") != 0 && std::erase(o.loops, "ev") != 0)
            throw CLI::ValidationError("--loop", "ev is not in this build");
        std::erase(o.loops, "ev");
#endif
    } catch (CLI::ParseError const& e) {
        return app.exit(e) == 0 ? 0 : bad_usage;
    }
    if (o.operations == 0 && o.seconds == 0) o.seconds = 60;
    if (only_read) return 0;
    return {};
}

} // namespace coda::chaos
