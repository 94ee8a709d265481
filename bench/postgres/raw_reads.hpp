// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

// What coda's reads are compared with: point selects on libpq's pipeline mode by hand, epoll, one thread, nothing
// between. Throws std::runtime_error with libpq's words.
class raw_reads {
public:
    // `window` queries in flight on each connection. With `group` more than 1 so many share a Sync, behind the same
    // fence as coda's.
    raw_reads(std::string const& uri, int connections, int window, int group);
    ~raw_reads();
    raw_reads(raw_reads const&) = delete;
    raw_reads& operator=(raw_reads const&) = delete;

    // Asks `queries` of them, and holds every answer against its question.
    void ask(int queries);

private:
    struct connection;
    void send(connection& c, int queries);
    void receive(connection& c);
    void refill(connection& c);

    int window_;
    int group_;
    int epoll_;
    int unsent_ = 0;
    int unanswered_ = 0;
    std::int64_t next_key_ = 0;
    std::vector<std::unique_ptr<connection>> connections_;
};

// The statements of both sides, and how many rows there are.
inline constexpr char const* read_sql = "select id, cents from coda_bench_reads where id = $1";
inline constexpr std::int64_t read_rows = 10'000;

// An int8 as the server takes it.
std::uint64_t network_order(std::int64_t value) noexcept;

} // namespace bench
