// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fail_point.hpp"

#include <coda/pool/options.hpp>

#include <string>
#include <vector>

namespace coda::cmap {

// One case for connection pools, in the form that MongoDB publishes its own in (Connection Monitoring and Pooling, test
// format). Throws `malformed` for what is not of that form.
struct test_case {
    explicit test_case(json::value const& file);

    std::string description;
    pool_options options;
    json::object given_options; // as they stand there
    std::string app_name;
    coda::cmap::fail_point fail_point;
    std::vector<json::object> operations; // each has a name that is known, and what belongs to it
    json::value error;                    // of the main thread; null: none
    json::array events;
    std::vector<std::string> ignored;
};

// The same from a file.
test_case read_case(std::string const& path);

} // namespace coda::cmap
