// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// memcached's text protocol: texts in, texts out, no I/O.
namespace memcached::detail {

// A key has 1 to 250 bytes, none of them a blank or a control character; else coda::errc::invalid_argument, naming the
// rule.
coda::result<> check_key(std::string_view key);

// What the protocol calls exptime: whole seconds, rounded up; above 30 days the seconds since 1970, of which `now` is
// the present. 0: never. A time that is negative or more than a hundred years is coda::errc::invalid_argument.
coda::result<std::int64_t> expiry(coda::duration ttl, std::int64_t now);

// One command as it is sent, and which reply answers it. The key has been checked.
enum class verb : unsigned char { get, set, del, incr, stats, version, meta };
struct command {
    verb what;
    std::string key;
    std::string text;
};
command get_command(std::string key);
command set_command(std::string key, std::string_view value, std::int64_t exptime);
command delete_command(std::string key);
command incr_command(std::string key, std::uint64_t by);
command incr_command(std::string key, std::uint64_t by, std::uint64_t initial);
command stats_command();
command version_command();
// A meta command without data (mg, md, ma). Refuses other verbs, and flags that are malformed or keep the server from
// answering (q): coda::errc::invalid_argument.
coda::result<command> meta_command(std::string_view verb, std::string key, std::string_view flags);

// One reply, whatever was asked.
struct reply {
    std::string line;                 // its last line, without the end: "STORED", "END", "7", "HD kname"
    std::string key;                  // of the value
    std::optional<std::string> value; // of VALUE and VA
    std::vector<std::pair<std::string, std::string>> stats;
};

// Whether it can be the reply to this command. What cannot shows that the pairing of commands and replies is lost.
bool answers(reply const& r, command const& c) noexcept;

// The error that the reply is, if it is one.
std::optional<coda::error> failure_of(reply const& r);

// Reads replies from bytes as they come, in whatever pieces.
class reply_parser {
public:
    explicit reply_parser(std::size_t largest_value) noexcept : largest_value_(largest_value) {}

    enum class progress : unsigned char {
        more,      // all bytes were taken; the reply is not whole yet
        complete,  // `take` has it; bytes may be left
        malformed, // `why` tells; nothing can be read any more
    };
    // Takes what it can off the front of `bytes`.
    progress feed(std::string_view& bytes);
    reply take() { return std::exchange(reply_, reply()); }
    std::string_view why() const noexcept { return why_; }

private:
    enum class part : unsigned char { line, data };

    bool take_line(std::string_view& bytes);
    bool take_data(std::string_view& bytes);
    progress end_line();
    progress end_data();
    progress value_line(std::string_view rest);
    progress stat_line(std::string_view rest);
    progress meta_value_line(std::string_view rest);
    progress begin_data(std::string_view size);
    progress malformed(std::string_view why) noexcept {
        why_ = why;
        return progress::malformed;
    }

    std::size_t largest_value_;
    reply reply_;
    std::string line_; // as far as it has come
    std::string data_; // the same, with its end
    std::size_t size_ = 0;
    part part_ = part::line;
    std::string_view why_;
};

} // namespace memcached::detail
