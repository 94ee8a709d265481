// SPDX-License-Identifier: BSL-1.0
#include "backend_key.hpp"

#include "libpq_17.hpp"

#include <charconv>

namespace coda::pg::detail {

namespace {

// The next word, taken off the front.
std::string_view next_word(std::string_view& rest) noexcept {
    constexpr std::string_view blanks = " \t";
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    auto const word = rest.substr(0, rest.find_first_of(blanks));
    rest.remove_prefix(word.size());
    return word;
}

// The trace shows both numbers as signed ones.
std::optional<std::uint32_t> number(std::string_view word) noexcept {
    std::int32_t value = 0;
    auto const [end, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failed != std::errc() || end != word.data() + word.size()) return {};
    return static_cast<std::uint32_t>(value);
}

} // namespace

std::optional<backend_key> key_in(std::string_view trace_line) noexcept {
    if (next_word(trace_line) != "B") return {};
    next_word(trace_line); // the length
    if (next_word(trace_line) != "BackendKeyData") return {};
    auto const process = number(next_word(trace_line));
    auto const secret = number(next_word(trace_line));
    if (!process || !secret || !next_word(trace_line).empty()) return {};
    return backend_key{*process, *secret};
}

key_listener::key_listener(pg_conn* c) noexcept : connection_(c) {
    if (PQcancelCreate != nullptr) return; // libpq asks by itself
    stream_ =
        ::fopencookie(this, "w", {.read = nullptr, .write = &key_listener::write, .seek = nullptr, .close = nullptr});
    if (stream_ == nullptr) return; // then nothing can be cancelled on the server
    PQtrace(c, stream_);
    PQsetTraceFlags(c, PQTRACE_SUPPRESS_TIMESTAMPS);
}

key_listener::~key_listener() {
    if (stream_ == nullptr) return;
    PQuntrace(connection_);
    std::fclose(stream_);
}

std::optional<backend_key> const& key_listener::key() noexcept {
    if (stream_ != nullptr) std::fflush(stream_);
    return key_;
}

ssize_t key_listener::write(void* self, char const* text, std::size_t size) noexcept {
    for (char const c : std::string_view(text, size)) static_cast<key_listener*>(self)->take(c);
    return static_cast<ssize_t>(size);
}

void key_listener::take(char c) noexcept {
    if (c != '\n') {
        if (length_ < line_.size()) line_[length_] = c;
        ++length_;
        return;
    }
    if (length_ <= line_.size())
        if (auto const found = key_in({line_.data(), length_})) key_ = found;
    length_ = 0;
}

} // namespace coda::pg::detail
