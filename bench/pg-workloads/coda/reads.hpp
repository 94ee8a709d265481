// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "window.hpp"

#include <coda/runtime.hpp>

#include <cstdint>
#include <string>

namespace pg_workloads {

// Point selects of many tasks over a client's few connections, grouped; gives the checksum over all rows. Here
// statements are in flight together: what a pipelining client is for.
std::uint64_t grouped_reads(coda::loop& l, std::string const& uri, double seconds, window& w);

} // namespace pg_workloads
