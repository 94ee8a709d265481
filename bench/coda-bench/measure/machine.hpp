// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>

namespace coda::bench {

/// Where the figures come from.
struct machine {
    std::string processor;
    std::uint32_t processors = 0;
    std::uint64_t memory_mib = 0;
    bool virtual_machine = false; ///< shares its processors with others, as a rule
    std::string system;           ///< distribution
    std::string kernel;
    std::string compiler;
    std::string build;     ///< "optimised", or a warning that it is not
    std::string libraries; ///< the C libraries that all clients stand on, with their versions
    std::string libpq;     ///< version of that one alone; empty without PostgreSQL
    std::string boost;
    std::string server;      ///< version and settings, as the servers tell them
    std::string transport;   ///< how clients reach the servers
    std::string measured_at; ///< UTC
    std::string command;     ///< what to run to get such a report again

    /// Everything that can be found out without a server.
    [[nodiscard]] static machine here();
};
BOOST_DESCRIBE_STRUCT(machine, (),
                      (processor, processors, memory_mib, virtual_machine, system, kernel, compiler, build, libraries,
                       libpq, boost, server, transport, measured_at, command))

/// The whole machine's processor time so far, in ticks, and what runs at this instant.
struct processor_times {
    std::uint64_t total = 0;
    std::uint64_t stolen = 0;   ///< wanted here, given to someone else by the hypervisor
    std::uint32_t runnable = 0; ///< tasks running or ready to run

    /// Reads /proc/stat; all zeros if it cannot be read.
    [[nodiscard]] static processor_times now();
};

/// The share of processor time stolen between two readings, 0 to 1.
[[nodiscard]] double steal_between(processor_times const& before, processor_times const& after);

} // namespace coda::bench
