// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "stream_wait.hpp"

#include <coda/runtime/fiber.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace coda::mongo::detail {

// Shared by a stream and those who ask for it when the stream may have gone.
using server_name = std::shared_ptr<std::string const>;

// What the streams of one libmongoc client have in common: the fiber that libmongoc runs on, and how its I/O goes.
class wire {
public:
    explicit wire(coda::loop& l) noexcept : loop(l) {}
    wire(wire const&) = delete;
    wire& operator=(wire const&) = delete;

    // An operation of libmongoc's, which runs on `f`.
    class use {
    public:
        use(wire& w, fiber& f) noexcept : wire_(w) { wire_.begin(f); }
        use(use const&) = delete;
        use& operator=(use const&) = delete;
        ~use() { wire_.end(); }

    private:
        wire& wire_;
    };
    bool busy() const noexcept { return on_ != nullptr; }

    // Suspends the fiber. Between operations nothing can wait, and what would have to fails.
    result<> wait(stream_wait& w);
    // No operation begins any more.
    void shut(error why) noexcept {
        if (!is_shut()) why_shut_ = std::move(why);
    }
    bool is_shut() const noexcept { return why_shut_.has_value(); }
    error const& why_shut() const noexcept { return *why_shut_; }

    // Of the operation: what went wrong first. libmongoc may have coped with it, by trying another server say.
    error const& failure() const noexcept { return failure_; }
    void failed(error why) noexcept {
        if (!failure_.code().failed()) failure_ = std::move(why);
    }

    std::uint64_t bytes_written() const noexcept { return bytes_written_; }
    // The server that was written to last, "host:port"; null where there was none.
    server_name const& written_to() const noexcept { return written_to_; }
    void wrote(std::size_t bytes, server_name const& to) noexcept {
        bytes_written_ += bytes;
        if (written_to_ != to) written_to_ = to;
    }
    fiber& on() const noexcept { return *on_; }

    coda::loop& loop;

private:
    void begin(fiber& f) noexcept;
    void end() noexcept;

    fiber* on_ = nullptr;
    error failure_;
    std::optional<error> why_shut_;
    std::uint64_t bytes_written_ = 0;
    server_name written_to_;
};

} // namespace coda::mongo::detail
