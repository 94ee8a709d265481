// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/loop.hpp>
#include <coda/runtime/run.hpp>

struct ev_loop;

namespace coda {

/// A loop on libev. In the library when it was built with CODA_LIBEV.
class ev_loop final : public loop {
public:
    /// With a libev loop of its own. Both throw boost::system::system_error where the system has no descriptor for it.
    ev_loop();
    /// On a libev loop that the user runs, on one thread. It must outlive this object.
    explicit ev_loop(struct ::ev_loop* adopted);
    ~ev_loop() override;

    /// For libev watchers that are to live on this loop.
    struct ::ev_loop* native() noexcept;

private:
    void request_turn() noexcept override;
    void wake() noexcept override;
    void set_backend_timer(time_point) noexcept override;
    void run_backend() override;
    void stop_backend() noexcept override;
    std::unique_ptr<detail::watch_backend> watch(int fd, fd_watch& owner) override;

    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace coda
