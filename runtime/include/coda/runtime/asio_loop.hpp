// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/loop.hpp>
#include <coda/runtime/run.hpp>

namespace boost::asio {
class io_context;
}

namespace coda {

/// A loop on Boost.Asio's io_context: the default backend.
///
///     coda::asio_loop loop;
///     return loop.run(app());
class asio_loop final : public loop {
public:
    /// With an io_context of its own.
    asio_loop();
    /// On an io_context that the user runs, on one thread. It must outlive this object. `run` runs it as well: the
    /// io_context's own handlers are served too, and it is stopped at the end of `run`.
    explicit asio_loop(boost::asio::io_context& adopted);
    ~asio_loop() override;

    /// For Asio objects that are to live on this loop.
    boost::asio::io_context& context() noexcept;

private:
    void request_turn() noexcept override;
    void wake() noexcept override;
    void set_backend_timer(time_point) noexcept override;
    void run_backend() override;
    void stop_backend() noexcept override;
    std::unique_ptr<detail::watch_backend> watch(int fd, fd_watch& owner) override;

    struct impl;
    std::unique_ptr<boost::asio::io_context> own_; // outlasts impl_'s last owner, a handler that it still holds
    std::shared_ptr<impl> impl_;
};

} // namespace coda
