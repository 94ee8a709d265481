// SPDX-License-Identifier: BSL-1.0
#include "fail_point.hpp"

#include <algorithm>
#include <limits>

namespace coda::cmap {

namespace {

constexpr range counts = {0, std::numeric_limits<std::int32_t>::max()};
constexpr range codes = counts;

std::int64_t times_of(json::object const& command) {
    auto const* mode = command.if_contains("mode");
    if (mode == nullptr) throw malformed("'mode' is missing");
    if (mode->is_object()) {
        refuse_unknown(mode->get_object(), {"times"});
        return number_of(mode->get_object(), "times", counts);
    }
    if (mode->is_string() && mode->get_string() == "alwaysOn") return -1;
    if (mode->is_string() && mode->get_string() == "off") return 0;
    throw malformed("'mode' must be alwaysOn, off or a number of times");
}

} // namespace

fail_point::fail_point(json::object const& command) {
    refuse_unknown(command, {"configureFailPoint", "mode", "data"});
    if (string_of(command, "configureFailPoint") != "failCommand")
        throw malformed("the only fail point that is known is failCommand");
    times = times_of(command);
    auto const data = object_of(command, "data");
    refuse_unknown(data, {"failCommands", "appName", "blockConnection", "blockTimeMS", "closeConnection", "errorCode",
                          "errorLabels"}); // labels change nothing for a pool
    for (auto const& name : array_of(data, "failCommands")) {
        commands.push_back(as_string(name, "what 'failCommands' holds"));
        if (commands.back() == "isMaster" || commands.back() == "ismaster") commands.back() = "hello"; // of old
    }
    if (has(data, "appName")) app_name = string_of(data, "appName");
    if (flag_of(data, "blockConnection"))
        block = std::chrono::milliseconds(number_of(data, "blockTimeMS", times_in_ms));
    else
        static_cast<void>(number_of(data, "blockTimeMS", times_in_ms, 0));
    close = flag_of(data, "closeConnection");
    code = static_cast<int>(number_of(data, "errorCode", codes, 0));
}

bool fail_point::affects(std::string_view command, std::string_view application) const {
    return times != 0 && (!app_name || *app_name == application) &&
           std::ranges::find(commands, command) != commands.end();
}

} // namespace coda::cmap
