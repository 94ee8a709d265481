// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "json.hpp"

#include <coda/pool/listener.hpp>
#include <coda/runtime/event.hpp>

namespace coda::cmap {

// Notes CMAP's events of a pool, in the form of a case's, until it is told to stop.
class recorder final : public pool_listener {
public:
    void on_event(pool_event const& e) noexcept override;

    void stop() noexcept { stopped_ = true; }
    json::array const& events() const noexcept { return events_; }
    std::int64_t count(std::string_view type) const noexcept;
    // Set whenever there is one more; who waits for it resets it first.
    event& changed() noexcept { return changed_; }

private:
    json::array events_;
    event changed_;
    bool stopped_ = false;
};

// Whether it is the name of an event.
bool is_event(std::string_view type) noexcept;

} // namespace coda::cmap
