// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "library.hpp"
#include "reply_check.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace coda::mongo::detail {

class socket_stream;

// A stream as libmongoc wants it, in C++: mongoc_stream_t's functions call these. Always a root stream. Every function
// that fails gives -1 and sets errno, last of all: what happens on the loop meanwhile changes it. Timeouts are in
// milliseconds, -1 for none; 0 does not wait.
//
// Reads go through a buffer, since libmongoc asks for the length of a message first and then for the rest.
class wire_stream : public mongoc_stream_t {
public:
    wire_stream(wire_stream const&) = delete;
    wire_stream& operator=(wire_stream const&) = delete;
    virtual ~wire_stream() = default;

    // At least one byte, until `min_bytes` are there.
    ssize_t read(std::span<mongoc_iovec_t> to, std::size_t min_bytes, std::int32_t timeout);
    // Everything.
    virtual ssize_t write(std::span<mongoc_iovec_t> from, std::int32_t timeout) = 0;
    // Whether a read would find something without asking the socket.
    virtual bool has_buffered() const noexcept { return begin_ < end_; }
    virtual socket_stream& socket() noexcept = 0;

    // What passes is encrypted: another stream above looks at it.
    void pass_unchecked() noexcept { checked_ = false; }
    bool is_checked() const noexcept { return checked_; }

    // Whether the last call ended because of its timeout.
    bool timed_out_last = false;

protected:
    explicit wire_stream(std::size_t buffer_size);

    // One byte or more.
    virtual ssize_t read_some(std::span<char> to, std::int32_t timeout) = 0;

private:
    std::size_t take_buffered(std::span<mongoc_iovec_t>& to) noexcept;

    friend ssize_t write_checked(wire_stream& to, std::span<mongoc_iovec_t> from, std::int32_t timeout);
    bool sound(char const* bytes, std::size_t size) noexcept { return !checked_ || check_.came({bytes, size}); }

    reply_check check_;
    bool checked_ = true;
    bool malformed_ = false; // and so is all that follows
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

// Steps over what was transferred; gives what is left.
std::span<mongoc_iovec_t> without_first(std::span<mongoc_iovec_t> parts, std::size_t bytes) noexcept;

} // namespace coda::mongo::detail
