// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/listener.hpp>

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace coda::test {

// Notes what a pool tells, one word or two an event: "ConnectionClosed 3 stale".
class event_notes final : public pool_listener {
public:
    void on_event(pool_event const& e) noexcept override {
        std::string text(to_string(e.what));
        if (e.connection != 0) text += fmt::format(" {}", e.connection);
        if (e.what == pool_event::kind::connection_closed) text += fmt::format(" {}", to_string(e.reason));
        if (e.what == pool_event::kind::acquire_failed) text += fmt::format(" {}", to_string(e.failure));
        notes.push_back(std::move(text));
    }
    // What was noted since the last time.
    std::vector<std::string> take() { return std::exchange(notes, {}); }

    std::vector<std::string> notes;
};

} // namespace coda::test
