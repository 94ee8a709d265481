// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coda::test {

// The DNS, played for the whole program while this lives: names that only it knows. All others are left to the real
// one. One at a time; to be filled before anybody asks. The functions of the C library that ask are replaced in
// blocking_calls.cpp.
class played_dns {
public:
    played_dns();
    ~played_dns();
    played_dns(played_dns const&) = delete;
    played_dns& operator=(played_dns const&) = delete;

    // A server of a mongodb+srv name. Its host is this machine.
    void add_server(std::string const& service, std::string const& host, std::uint16_t port);
    // The options that such a name has.
    void set_options(std::string const& service, std::string const& options);
    // A host at these addresses.
    void add_host(std::string const& host, std::vector<std::string> addresses);
    // Who asks for this host waits until this ends, and is then told to ask again.
    void add_silent(std::string const& host);

    // For blocking_calls.cpp: the addresses of such a host (none: it is not played), whether it was a silent one (after
    // the wait for it), and the answer to a question, its size or -1 with nothing played.
    static std::vector<std::string> addresses_of(char const* name);
    static bool was_silent(char const* name);
    static int answer(char const* name, int type, std::span<unsigned char> to);

private:
    struct answers {
        std::string records; // in the DNS's form
        std::uint16_t count = 0;
    };
    void add(std::string const& name, int type, std::string const& data);

    std::map<std::pair<std::string, int>, answers> known_;
    std::map<std::string, std::vector<std::string>, std::less<>> hosts_;
};

} // namespace coda::test
