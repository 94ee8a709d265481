// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

struct pg_conn;

namespace pg_workloads {

// What the runners read, and where they write, on the server. Throws std::runtime_error with libpq's words.
class tables {
public:
    // Makes them, once: the rows of pg_type, which are read as well, must not change any more.
    explicit tables(std::string const& uri);

    // Before a runner that writes.
    void forget_entries();
    // Whether what was written are whole batches of `batch` rows, each with the values that were asked for. Empty: yes;
    // else what is wrong.
    std::string fault_of_entries(int batch);
    // The server's version and what it does to its disk.
    std::string about();

private:
    std::string run(std::string const& sql); // gives the first value, if any

    struct finish {
        void operator()(pg_conn* c) const noexcept;
    };
    std::unique_ptr<pg_conn, finish> db_;
};

} // namespace pg_workloads
