// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "json.hpp"

#include <coda/pool/listener.hpp>
#include <coda/runtime/event.hpp>

#include <map>
#include <span>

namespace coda::cmap {

// Notes CMAP's events of a pool, in the form of a case's, until it is told to stop.
class recorder final : public pool_listener {
public:
    // Options of a case that are no pool's are shown as they were given.
    explicit recorder(json::object given_options) : given_(std::move(given_options)) {}

    void on_event(pool_event const& e) noexcept override;

    void stop() noexcept { stopped_ = true; }
    json::array const& events() const noexcept { return events_; }
    std::int64_t count(std::string_view type) const noexcept;
    // Set whenever there is one more; who waits for it resets it first.
    event& changed() noexcept { return changed_; }

private:
    json::object given_;
    json::array events_;
    std::map<std::string_view, std::int64_t> counts_;
    event changed_;
    bool stopped_ = false;
};

// CMAP's words.
std::span<std::string_view const> event_names() noexcept;
std::span<std::string_view const> event_reasons() noexcept;

} // namespace coda::cmap
