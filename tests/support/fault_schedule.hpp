// SPDX-License-Identifier: BSL-1.0
// What goes wrong in a storm, and when: made from a seed, so that it can be had again.
//
//     for (fault const& f : fault_schedule(seed, 2s, kinds)) { wait_until(f.begins); begin(f); ... }
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coda::test {

/// What can happen to a server and the way to it.
enum class fault_kind : unsigned char {
    latency,      ///< every byte takes longer
    throttle,     ///< few bytes a second
    fragments,    ///< few bytes at a time
    cut_request,  ///< after so many bytes to the server the connection ends
    cut_reply,    ///< after so many bytes to the client the connection ends
    cut_now,      ///< every connection ends
    black_hole,   ///< what is sent is lost, both ways
    partition,    ///< what is sent waits, both ways
    never_answer, ///< the server hears all, and nobody hears it
    refuse,       ///< nobody can connect
    reset_new,    ///< who connects is reset
    end_sessions, ///< the server ends its sessions
    freeze,       ///< the server's processes are stopped, and go on
    crash,        ///< the server is killed and started again
};

/// The word used in its declaration.
std::string_view to_string(fault_kind) noexcept;

/// One of them.
struct fault {
    fault_kind what{};
    std::chrono::milliseconds begins{}; ///< from the start of the storm
    std::chrono::milliseconds lasts{};
    std::uint32_t size = 0;   ///< bytes, milliseconds, bytes a second, or one of two directions, as `what` needs
    std::uint32_t choice = 0; ///< of a way to cut

    /// "cut_reply at 120 ms for 40 ms (17, 2)".
    std::string to_string() const;
    friend bool operator==(fault const&, fault const&) = default;
};

/// Faults of these kinds, one after the other, with pauses, that all end within `length`; at most one crash, now and
/// then, and that where there is half of the time left: it takes long. The same for the same arguments.
std::vector<fault> fault_schedule(std::uint64_t seed, std::chrono::milliseconds length,
                                  std::span<fault_kind const> kinds);

/// Every kind.
std::span<fault_kind const> all_fault_kinds() noexcept;

} // namespace coda::test
