// SPDX-License-Identifier: BSL-1.0
#include "server.hpp"

#include <coda/runtime/sleep.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda::cmap {

namespace {

class server_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "server"; }
    std::string message(int code) const override { return fmt::format("the server said {}", code); }
};

server_category const& category() noexcept {
    static server_category const instance;
    return instance;
}

std::int64_t times_of(json::object const& command) {
    auto const* mode = command.if_contains("mode");
    if (mode == nullptr) throw malformed("'mode' is missing");
    if (mode->is_object()) return number_of(mode->get_object(), "times");
    if (mode->is_string() && mode->get_string() == "alwaysOn") return -1;
    if (mode->is_string() && mode->get_string() == "off") return 0;
    throw malformed("'mode' must be alwaysOn, off or a number of times");
}

} // namespace

int server_code_of(error const& e) noexcept { return e.code().category() == category() ? e.code().value() : 0; }

void server::set_fail_point(json::object const& command) {
    if (string_of(command, "configureFailPoint") != "failCommand")
        throw malformed("the only fail point that is known is failCommand");
    auto const data = object_of(command, "data");
    times_ = times_of(command);
    commands_.clear();
    for (auto const& name : array_of(data, "failCommands")) {
        if (!name.is_string()) throw malformed("'failCommands' holds names of commands");
        commands_.emplace_back(name.get_string().data(), name.get_string().size());
        if (commands_.back() == "isMaster" || commands_.back() == "ismaster") commands_.back() = "hello"; // of old
    }
    app_name_.reset();
    if (data.contains("appName")) app_name_ = string_of(data, "appName");
    block_ms_ = flag_of(data, "blockConnection") ? number_of(data, "blockTimeMS") : 0;
    close_ = flag_of(data, "closeConnection");
    code_ = number_of(data, "errorCode", 0);
}

operation<> server::run(std::string command, std::string app_name) {
    bool const affected = times_ != 0 && (!app_name_ || *app_name_ == app_name) &&
                          std::ranges::find(commands_, command) != commands_.end();
    if (!affected) co_return result<>();
    if (times_ > 0) --times_;
    bool const closes = close_;
    auto const code = static_cast<int>(code_);
    auto const waited = co_await as_result(sleep_for(std::chrono::milliseconds(block_ms_)));
    if (waited.has_error()) co_return waited.error();
    if (closes) co_return error(errc::connection_lost);
    if (code != 0) co_return error(error_code(code, category()));
    co_return result<>();
}

operation<> connection::connect() {
    for (auto const* command : {"hello", "saslStart", "saslContinue"}) {
        auto const answered = co_await as_result(server_.run(command, app_name_));
        if (answered.has_error()) co_return answered.error();
    }
    usable_ = true;
    co_return result<>();
}

} // namespace coda::cmap
