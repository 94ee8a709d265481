// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/operators.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace coda::bench {

/// What is measured: one point of one curve in the report.
struct cell {
    std::string store;
    std::string workload;
    std::string client;
    std::string loop;              ///< "none" for a client that has no choice of loop
    std::uint32_t connections = 0; ///< to the server, all open before the clock starts
    std::uint32_t concurrency = 0; ///< operations in flight at any moment
    double latency_ms = 0;         ///< added by the proxy to each direction; 0: no proxy on the way
};
BOOST_DESCRIBE_STRUCT(cell, (), (store, workload, client, loop, connections, concurrency, latency_ms))
using boost::describe::operators::operator==;

/// One measurement of a cell, made by a process of its own.
struct plan {
    cell what;
    std::map<std::string, std::string> uris; ///< of each server, by its name; a proxy's address where one is used
    double seconds = 1;                      ///< length of the measured window
    double warm_up = 0.25;                   ///< at least this long before it, in seconds
    std::uint64_t seed = 1;                  ///< the keys asked for follow from it
};
BOOST_DESCRIBE_STRUCT(plan, (), (what, uris, seconds, warm_up, seed))

/// What a measurement found. Times are microseconds.
struct measurement {
    std::uint64_t operations = 0; ///< completed within the window
    double seconds = 0;           ///< the window's true length
    double ops_per_second = 0;
    double p50_us = 0;
    double p99_us = 0;
    double p999_us = 0;
    double max_us = 0;
    double cpu_us_per_op = 0;   ///< the client's processor time, user and kernel
    double switches_per_op = 0; ///< the client's context switches
    std::uint64_t rss_kib = 0;  ///< the client's peak resident memory
    std::uint64_t errors = 0;   ///< operations that failed or got a wrong reply
    std::string first_error;    ///< one of them, in words
};
BOOST_DESCRIBE_STRUCT(measurement, (),
                      (operations, seconds, ops_per_second, p50_us, p99_us, p999_us, max_us, cpu_us_per_op,
                       switches_per_op, rss_kib, errors, first_error))

} // namespace coda::bench
