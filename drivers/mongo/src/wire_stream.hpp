// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "library.hpp"

#include <span>

namespace coda::mongo::detail {

class socket_stream;

// A stream as libmongoc wants it, in C++: mongoc_stream_t's functions call these. Always a root stream. Every function
// that fails sets errno, last of all: what happens on the loop meanwhile changes it. Timeouts are in milliseconds, -1
// for none; 0 does not wait.
class wire_stream : public mongoc_stream_t {
public:
    wire_stream(wire_stream const&) = delete;
    wire_stream& operator=(wire_stream const&) = delete;
    virtual ~wire_stream() = default;

    // At least one byte, until `min_bytes` are there. -1 where they do not come.
    virtual ssize_t read(std::span<mongoc_iovec_t> to, std::size_t min_bytes, std::int32_t timeout) = 0;
    // Everything.
    virtual ssize_t write(std::span<mongoc_iovec_t> from, std::int32_t timeout) = 0;
    // Whether a read would find something without asking the socket.
    virtual bool has_buffered() const noexcept { return false; }
    virtual socket_stream& socket() noexcept = 0;

    // Whether the last call ended because of its timeout.
    bool timed_out_last = false;

protected:
    wire_stream() noexcept;
};

} // namespace coda::mongo::detail
