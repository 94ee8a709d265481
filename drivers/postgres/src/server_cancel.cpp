// SPDX-License-Identifier: BSL-1.0
#include "server_cancel.hpp"

#include <algorithm>

namespace coda::pg::detail {

namespace {

constexpr duration shortest_repetition = std::chrono::milliseconds(5);
constexpr duration longest_repetition = std::chrono::milliseconds(500);

} // namespace

server_cancel::action server_cancel::changed(bool in_flight, bool unwanted) noexcept {
    switch (at_) {
    case stage::idle:
        if (!enabled_ || !in_flight || !unwanted) return action::nothing;
        at_ = stage::waiting;
        pause_ = after_;
        return action::arm;
    case stage::waiting:
    case stage::told: return in_flight ? action::nothing : go_on();
    case stage::asking: break; // what comes after the replies could still be hit
    }
    return action::nothing;
}

server_cancel::action server_cancel::timer_expired() noexcept {
    if (at_ != stage::waiting && at_ != stage::told) return action::nothing;
    at_ = stage::asking;
    return action::ask;
}

server_cancel::action server_cancel::asked(outcome how, bool in_flight) noexcept {
    if (how == outcome::unknown) return action::give_up;
    if (!in_flight) return go_on();
    at_ = stage::told;
    pause_ = std::clamp(2 * pause_, shortest_repetition, longest_repetition);
    return action::arm;
}

server_cancel::action server_cancel::go_on() noexcept {
    at_ = stage::idle;
    return action::resume;
}

} // namespace coda::pg::detail
