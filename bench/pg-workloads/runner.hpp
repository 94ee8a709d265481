// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace pg_workloads {

// A program that does the workloads with one client: PROGRAM URI WORKLOAD SECONDS. It answers with a line of JSON.
struct runner {
    std::string name;
    std::string program;
    std::vector<std::string> more{}; // arguments after those
};

// What it says, and how the machine was meanwhile.
struct sample {
    std::string client; // with versions
    double queries_per_second = 0;
    double rows_per_second = 0;
    double cpu_us_per_query = 0;
    double rows_per_query = 0;
    std::string checksum; // of the last answers, decoded
    double steal = 0;     // share of all processor time that the hypervisor gave to others
};

// The client cannot do this one, by its own account.
struct left_out {
    std::string why;
};
struct failure {
    std::string why;
};

using outcome = std::variant<sample, left_out, failure>;

// Lets it work in a process of its own.
outcome run(runner const& r, std::string const& uri, std::string const& workload, double seconds);

} // namespace pg_workloads
