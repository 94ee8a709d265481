// SPDX-License-Identifier: BSL-1.0
// One direction of a proxied connection as a state machine: what arrived goes in, what may leave
// now comes out. No sockets and no clock, so that delays and rates are tested exactly.
//
//     fault_flow flow{{.delay = 5ms}};
//     flow.push("hello", now);
//     flow.next(now).until;              // now + 5ms
//     flow.next(now + 5ms).bytes;        // "hello"
#pragma once

#include "fault_plan.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace coda::test {

/// Decides what one direction passes on, and when. Not thread-safe.
class fault_flow {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// How the source ended its stream.
    enum class source_end { orderly, reset };

    /// What to do next.
    struct step {
        enum class kind { idle, write, finish, cut } what = kind::idle;
        std::string_view bytes{};          ///< write: valid until the next call on the flow
        test::cut how = test::cut::close;  ///< cut
        std::optional<time_point> until{}; ///< idle: when to ask again, unless something happens
    };

    /// A flow with these faults.
    explicit fault_flow(flow_faults const& faults = {}) { set(faults); }

    /// Replaces the faults; positions count from here.
    void set(flow_faults const& faults);
    /// Bytes arrived from the source.
    void push(std::string_view bytes, time_point now);
    /// The source ended; only its first end counts.
    void end(source_end how, time_point now);
    /// What is to be done at `now`.
    [[nodiscard]] step next(time_point now);
    /// The first `count` of the bytes that `next` gave were written at `now`.
    void written(std::size_t count, time_point now);
    /// Nothing leaves any more; what is there and what still arrives is dropped.
    void finish();

    /// Whether the source should be read: false while enough waits to leave.
    [[nodiscard]] bool wants_input() const noexcept;
    /// Whether the source has ended.
    [[nodiscard]] bool source_ended() const noexcept { return end_.has_value(); }
    /// Whether nothing will arrive and nothing will leave any more.
    [[nodiscard]] bool over() const noexcept { return end_ && (finished_ || lost_); }
    /// Whether every write must have left the sending host before the next step.
    [[nodiscard]] bool paced() const noexcept { return faults_.chunk > 0 || faults_.cut_after; }

private:
    struct piece {
        std::string bytes;
        time_point arrived;
    };

    [[nodiscard]] std::string_view sendable();

    flow_faults faults_;
    std::deque<piece> pieces_;
    std::size_t sent_of_first_ = 0;
    std::size_t waiting_ = 0;  // bytes in pieces_ that have not left
    std::uint64_t passed_ = 0; // bytes that left under these faults
    time_point busy_until_{};  // the throttled line
    std::optional<source_end> end_;
    time_point ended_at_{};
    bool finished_ = false;
    bool lost_ = false; // the black hole took something
    char corrupted_ = 0;
};

} // namespace coda::test
