// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/error.hpp>

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

} // namespace coda
