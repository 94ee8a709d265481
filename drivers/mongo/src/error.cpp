// SPDX-License-Identifier: BSL-1.0
#include "classify.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace coda::mongo {

namespace {

class driver_errors final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "coda.mongo"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::connect_failed: return "connecting failed";
        case errc::malformed_reply: return "the server's reply is not what its command gives";
        case errc::client_failure: return "the command cannot be sent";
        case errc::authentication_failed: return "the login failed";
        }
        return "unknown coda.mongo error";
    }
    boost::system::error_condition default_error_condition(int code) const noexcept override {
        return static_cast<errc>(code) == errc::connect_failed ? error_class::connection_lost : error_class::permanent;
    }
};

class server_errors final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "mongodb"; }
    std::string message(int code) const override { return fmt::format("MongoDB error {}", code); }
    bool failed(int) const noexcept override { return true; } // some servers send errors with the code 0
    boost::system::error_condition default_error_condition(int code) const noexcept override {
        return detail::class_of(code);
    }
};

} // namespace

boost::system::error_category const& driver_category() noexcept {
    static driver_errors const instance;
    return instance;
}

error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), driver_category()}; }

boost::system::error_category const& server_category() noexcept {
    static server_errors const instance;
    return instance;
}

std::string server_error::message() const {
    return fmt::format("{}{}{}: {}", code, code_name.empty() ? "" : " ", code_name, text);
}

std::optional<error_class> server_error::kind() const noexcept { return detail::class_of(*this); }

bool server_error::has_label(std::string_view label) const noexcept {
    return std::ranges::find(labels, label) != labels.end();
}

} // namespace coda::mongo
