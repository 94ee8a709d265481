// SPDX-License-Identifier: BSL-1.0
// What a fault_proxy does to a connection: one value, set before or while bytes flow.
//
//     proxy.apply({.to_client = {.cut_after = 17, .how = cut::reset}});
//     proxy.apply({.to_server = {.delay = 5ms}, .to_client = {.delay = 5ms, .chunk = 1}});
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace coda::test {

/// Which way bytes go.
enum class direction { to_server, to_client };

/// How a connection is cut.
enum class cut {
    close,      ///< both sides see an end of stream
    reset,      ///< both sides are aborted (TCP RST; on unix sockets a plain close)
    half_close, ///< the receiver sees an end of stream, the other direction goes on
    half_open,  ///< the server's side is closed, the client is told nothing and gets nothing
};

/// Faults of one direction. Positions count the bytes passed on since the plan was applied to the
/// connection, so `cut_after = 17` lets exactly 17 more bytes through. They combine; at one
/// position the cut comes before the stall.
struct flow_faults {
    /// Every byte, and the end of the stream, leaves at least this long after it arrived. Order is
    /// kept.
    std::chrono::nanoseconds delay{0};
    /// 0: no limit. A hundredth of it leaves at once, then the line is busy for as long as that
    /// takes.
    std::uint64_t bytes_per_second = 0;
    /// Largest write, 0: no limit. Each goes as a TCP segment of its own.
    std::size_t chunk = 0;
    /// The last byte that passes; then the cut. 0: the cut comes in place of the first byte.
    std::optional<std::uint64_t> cut_after{};
    /// What `cut_after` does.
    cut how = cut::close;
    /// After this many bytes nothing passes, but nothing is lost: it goes on under the next plan.
    std::optional<std::uint64_t> stall_after{};
    /// The byte at this position (the first is 0) is XORed with `corrupt_mask`.
    std::optional<std::uint64_t> corrupt_at{};
    /// Must not be 0 to have an effect.
    unsigned char corrupt_mask = 0xff;
    /// Everything is accepted and lost, the end of the stream too. TCP never delivers a stream with
    /// a hole, so a connection that lost something is reset once a later plan lifts this.
    bool black_hole = false;
};

/// What happens to a connection right after it was accepted.
enum class on_accept { forward, close, reset };

/// Faults of a connection.
struct fault_plan {
    flow_faults to_server{};
    flow_faults to_client{};
    on_accept accept = on_accept::forward;

    /// The server is never heard and hears nothing; both sides stay open.
    [[nodiscard]] static constexpr fault_plan black_hole() {
        return {.to_server = {.black_hole = true}, .to_client = {.black_hole = true}};
    }
    /// The server hears everything; its answers are lost.
    [[nodiscard]] static constexpr fault_plan never_answer() { return {.to_client = {.black_hole = true}}; }
    /// The network is gone for a while: nothing passes either way, and all of it under the next
    /// plan.
    [[nodiscard]] static constexpr fault_plan partition() {
        return {.to_server = {.stall_after = 0}, .to_client = {.stall_after = 0}};
    }
    /// The round trip takes at least `there_and_back`, half of it each way.
    [[nodiscard]] static constexpr fault_plan latency(std::chrono::nanoseconds there_and_back) {
        return {.to_server = {.delay = there_and_back / 2},
                .to_client = {.delay = there_and_back - there_and_back / 2}};
    }
};

// Plans are written inline in coroutines, where g++ 12 handles only trivially copyable aggregates.
static_assert(std::is_trivially_copyable_v<fault_plan>);

} // namespace coda::test
