// SPDX-License-Identifier: BSL-1.0
#include <memcached/error.hpp>

namespace memcached {

namespace {

class errors final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "memcached"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::connect_failed: return "connecting failed";
        case errc::server_error: return "the server could not do it";
        case errc::value_too_large: return "the value is larger than the server keeps";
        case errc::out_of_memory: return "the server is out of memory";
        case errc::client_error: return "the server refused the command";
        case errc::unknown_command: return "the server does not know the command";
        }
        return "unknown memcached error";
    }
    boost::system::error_condition default_error_condition(int code) const noexcept override {
        switch (static_cast<errc>(code)) {
        case errc::connect_failed: return coda::error_class::connection_lost;
        case errc::out_of_memory: return coda::error_class::throttled;
        default: return coda::error_class::permanent;
        }
    }
};

} // namespace

boost::system::error_category const& category() noexcept {
    static errors const instance;
    return instance;
}

coda::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

} // namespace memcached
