// SPDX-License-Identifier: BSL-1.0
// bench-postgres: reads through coda's PostgreSQL client beside the same by hand, and what reading rows costs once they
// are in memory. Takes the options of Google Benchmark, and --check: exit code 1 when a goal was missed or, without a
// filter, not measured. scripts/bench postgres starts the server.
#include "report.hpp"

namespace {

using bench::goal;

constexpr goal goals[] = {
    {"rate, 4 connections with 16 in flight, in that of libpq by hand", "sync_each", "rate", goal::at_least, 0.9, "x"},
    {"client CPU for that", "sync_each", "cpu", goal::at_most, 1.15, "x"},
    {"rate, the same over TCP", "sync_each_tcp", "rate", goal::at_least, 0.9, "x"},
    {"client CPU for that", "sync_each_tcp", "cpu", goal::at_most, 1.15, "x"},
    {"rate of grouped reads, in that of groups by hand", "grouped", "rate", goal::at_least, 0.9, "x"},
    {"client CPU of grouped reads, in that of 8 connections with 1 in flight", "grouped_to_exclusive", "cpu",
     goal::at_most, 0.4, "x"},
    {"median of one in flight on Asio, in that of blocking libpq", "one_in_flight_asio", "p50", goal::at_most, 1.05,
     "x"},
    {"CPU of a query among 10,000, in that among 100", "ten_thousand_to_a_hundred", "cpu", goal::at_most, 1.15, "x"},
    {"reading a row of ten mixed columns into a struct", "read_structs", "coda_ns", goal::at_most, 200, "ns"},
    {"heap allocations for that", "read_structs", "coda_allocs", goal::at_most, 0.01, ""},
};

} // namespace

int main(int argc, char** argv) { return bench::run(argc, argv, goals); }
