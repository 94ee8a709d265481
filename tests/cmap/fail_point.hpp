// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "json.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace coda::cmap {

// What MongoDB's failCommand makes a server do.
struct fail_point {
    fail_point() = default; // nothing
    // From a configureFailPoint command. Throws `malformed`.
    explicit fail_point(json::object const& command);

    // Whether it acts on a command of that application. `times` is for the caller to count down.
    bool affects(std::string_view command, std::string_view application) const;

    std::vector<std::string> commands;
    std::optional<std::string> app_name; // of the only application that it is for
    std::int64_t times = 0;              // left; negative: always
    std::chrono::milliseconds block{0};
    bool close = false;
    int code = 0; // of the server's error
};

} // namespace coda::cmap
