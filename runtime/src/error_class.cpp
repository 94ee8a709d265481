// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/error.hpp>

namespace coda {

namespace {

class classes final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "coda.class"; }
    std::string message(int c) const override { return std::string(to_string(static_cast<error_class>(c))); }
};

// The system's own words for what happened on the way to a server.
error_class class_of_errno(int code) noexcept {
    switch (code) {
    case boost::system::errc::connection_refused:
    case boost::system::errc::connection_reset:
    case boost::system::errc::connection_aborted:
    case boost::system::errc::broken_pipe:
    case boost::system::errc::not_connected:
    case boost::system::errc::host_unreachable:
    case boost::system::errc::network_unreachable:
    case boost::system::errc::network_down:
    case boost::system::errc::network_reset:
    case boost::system::errc::timed_out: return error_class::connection_lost;
    case boost::system::errc::too_many_files_open:
    case boost::system::errc::too_many_files_open_in_system:
    case boost::system::errc::no_buffer_space:
    case boost::system::errc::not_enough_memory: return error_class::throttled;
    case boost::system::errc::interrupted:
    case boost::system::errc::resource_unavailable_try_again: return error_class::transient;
    case boost::system::errc::operation_canceled: return error_class::cancelled;
    default: return error_class::permanent;
    }
}

} // namespace

std::string_view to_string(error_class c) noexcept {
    switch (c) {
    case error_class::permanent: return "permanent";
    case error_class::cancelled: return "cancelled";
    case error_class::expired: return "expired";
    case error_class::transient: return "transient";
    case error_class::conflict: return "conflict";
    case error_class::connection_lost: return "connection_lost";
    case error_class::throttled: return "throttled";
    case error_class::unconfirmed: return "unconfirmed";
    }
    return "invalid";
}

boost::system::error_category const& error_class_category() noexcept {
    static classes const instance;
    return instance;
}

boost::system::error_condition make_error_condition(error_class c) noexcept {
    return {static_cast<int>(c), error_class_category()};
}

error_class error::kind() const noexcept {
    for (auto const* d = details_.get(); d != nullptr; d = d->inner())
        if (auto const known = d->kind()) return *known;
    auto const condition = code_.default_error_condition();
    if (condition.category() == error_class_category()) return static_cast<error_class>(condition.value());
    if (condition.category() == boost::system::generic_category()) return class_of_errno(condition.value());
    return error_class::permanent; // nobody knows: not to be done twice
}

std::chrono::nanoseconds error::retry_after() const noexcept {
    for (auto const* d = details_.get(); d != nullptr; d = d->inner())
        if (auto const asked = d->retry_after(); asked > asked.zero()) return asked;
    return {};
}

} // namespace coda
