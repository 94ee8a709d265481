// SPDX-License-Identifier: BSL-1.0
#include "server.hpp"

#include <coda/runtime/sleep.hpp>

#include <fmt/format.h>

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

} // namespace

int server_code_of(error const& e) noexcept { return e.code().category() == category() ? e.code().value() : 0; }

operation<> server::run(std::string command, std::string app_name) {
    if (!fails_.affects(command, app_name)) co_return result<>();
    if (fails_.times > 0) --fails_.times;
    bool const closes = fails_.close;
    auto const code = fails_.code;
    auto const waited = co_await as_result(sleep_for(fails_.block));
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
