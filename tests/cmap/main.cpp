// SPDX-License-Identifier: BSL-1.0
// cmap-runner FILE...: plays cases of MongoDB's Connection Monitoring and Pooling specification with a coda::pool, and
// prints a line for each. Exit code 1 when one failed, 2 when one could not be played.
#include "play.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace {

enum class verdict { passed, failed, not_played };

verdict run(std::string const& path) {
    try {
        auto const c = coda::cmap::read_case(path);
        auto const wrong = coda::cmap::play(c);
        fmt::print("{} {}: {}{}{}\n", wrong ? "FAILED" : "passed", path, c.description, wrong ? ": " : "",
                   wrong.value_or(""));
        return wrong ? verdict::failed : verdict::passed;
    } catch (std::exception const& why) {
        fmt::print("ERROR  {}: {}\n", path, why.what());
        return verdict::not_played;
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: cmap-runner FILE...\n");
        return 2;
    }
    auto worst = verdict::passed;
    for (int i = 1; i < argc; ++i) worst = std::max(worst, run(argv[i]));
    return static_cast<int>(worst);
}
