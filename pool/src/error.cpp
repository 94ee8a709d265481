// SPDX-License-Identifier: BSL-1.0
#include "no_connection.hpp"

#include <coda/pool/detail/current_failure.hpp>

#include <boost/system/errc.hpp>
#include <fmt/format.h>

namespace coda {

namespace {

class category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "coda.pool"; }
    std::string message(int code) const override {
        if (static_cast<pool_errc>(code) == pool_errc::paused) return "the pool is paused";
        return "unknown error";
    }
    // Whoever watches the server will find it again.
    boost::system::error_condition default_error_condition(int) const noexcept override {
        return error_class::transient;
    }
};

} // namespace

boost::system::error_category const& pool_category() noexcept {
    static category const instance;
    return instance;
}

error_code make_error_code(pool_errc e) noexcept { return {static_cast<int>(e), pool_category()}; }

std::string acquire_error::message() const {
    auto text = paused ? fmt::format("{} is paused: no connection", pool_name) : std::string("no connection");
    text += fmt::format(" after {} ms: {} in use, {} connecting, {} draining, {} waiting",
                        std::chrono::duration_cast<std::chrono::milliseconds>(waited).count(), pool.in_use,
                        pool.connecting, pool.resetting + pool.closing, pool.waiters);
    if (last_connect_error) text += fmt::format("; last connect error: {}", last_connect_error->message());
    return text;
}

error detail::no_connection(error_code reason, std::string_view name, duration waited, pool_counts const& counts,
                            std::optional<error> const& last_connect_error) noexcept {
    try {
        auto details = std::make_shared<acquire_error>();
        details->pool_name = name;
        details->waited = waited;
        details->pool = counts;
        details->paused = reason == pool_errc::paused;
        details->last_connect_error = last_connect_error;
        return {reason, outcome::not_sent, std::move(details)};
    } catch (std::bad_alloc const&) {
        return reason;
    }
}

error detail::current_failure() noexcept {
    try {
        throw;
    } catch (exception const& e) {
        return e.error();
    } catch (std::bad_alloc const&) {
        return make_error_code(boost::system::errc::not_enough_memory);
    } catch (std::exception const& e) {
        try {
            return {make_error_code(errc::not_connected), e.what()};
        } catch (std::bad_alloc const&) {
            return errc::not_connected;
        }
    } catch (...) {
        return errc::not_connected;
    }
}

} // namespace coda
