// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/error.hpp>

namespace coda {

namespace {

class category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "coda"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::cancelled: return "cancelled";
        case errc::timed_out: return "timed out";
        case errc::closed: return "closed";
        case errc::queue_full: return "queue full";
        case errc::already_awaited: return "already awaited";
        case errc::loop_stopped: return "the loop was stopped";
        case errc::name_not_resolved: return "host name not resolved";
        case errc::invalid_argument: return "invalid argument";
        case errc::connection_lost: return "connection lost";
        case errc::not_connected: return "not connected";
        case errc::protocol_error: return "protocol error";
        case errc::type_mismatch: return "type mismatch";
        }
        return "unknown coda error";
    }
    boost::system::error_condition default_error_condition(int code) const noexcept override {
        switch (static_cast<errc>(code)) {
        case errc::cancelled: return error_class::cancelled;
        case errc::timed_out: return error_class::transient; // where there is time left, it was one attempt's limit
        case errc::queue_full: return error_class::throttled;
        case errc::name_not_resolved:
        case errc::connection_lost:
        case errc::not_connected:
        case errc::protocol_error: return error_class::connection_lost; // given up; the next may be sound
        case errc::closed:
        case errc::already_awaited:
        case errc::loop_stopped:
        case errc::invalid_argument:
        case errc::type_mismatch: break;
        }
        return error_class::permanent;
    }
};

class message_details final : public error_details {
public:
    explicit message_details(std::string message) noexcept : message_(std::move(message)) {}
    std::string message() const override { return message_; }

private:
    std::string message_;
};

} // namespace

boost::system::error_category const& runtime_category() noexcept {
    static category const instance;
    return instance;
}

error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), runtime_category()}; }

std::string_view to_string(outcome o) noexcept {
    switch (o) {
    case outcome::not_sent: return "not_sent";
    case outcome::completed: return "completed";
    case outcome::unknown: return "unknown";
    }
    return "invalid";
}

error::error(error_code code, std::string message, coda::outcome what)
    : error(code, what, std::make_shared<message_details const>(std::move(message))) {}

std::string error::message() const { return details_ ? details_->message() : code_.message(); }

error described(error_code code, std::string_view message, outcome what) noexcept {
    try {
        return {code, std::string(message), what};
    } catch (std::bad_alloc const&) {
        return {code, what};
    }
}

void throw_exception_from_error(error const& e, boost::source_location const&) { throw exception(e); }

} // namespace coda
