// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

// Calls of this thread that put it to sleep in the system: usleep, nanosleep, poll and select that wait, getaddrinfo
// and res_nsearch, and connects, reads and writes on descriptors that block. A program that includes this has these
// functions of the C library replaced by ones that take note and then do the same: what a C library does on a loop's
// thread is seen, and no clock is needed for it.
namespace coda::test {

// While it lives, the calls of the thread that made it are noted.
class blocking_calls {
public:
    blocking_calls();
    ~blocking_calls();
    blocking_calls(blocking_calls const&) = delete;
    blocking_calls& operator=(blocking_calls const&) = delete;

    // Their names, each with a space behind it.
    std::string const& names() const noexcept { return names_; }
    void note(char const* name);

private:
    std::string names_;
};

} // namespace coda::test
