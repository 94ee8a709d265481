// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

struct pg_conn;

namespace coda::pg::detail {

// Names one session of a server to whoever may cancel what it runs.
struct backend_key {
    std::uint32_t process = 0;
    std::uint32_t secret = 0;
    friend bool operator==(backend_key const&, backend_key const&) = default;
};

// The key in a line of libpq's trace (libpq manual, PQtrace): "B", the length, "BackendKeyData" and the two numbers.
std::optional<backend_key> key_in(std::string_view trace_line) noexcept;

// Hears the key while a connection logs in: libpq before version 17 gives it out
// in its trace only, and later ones need nobody to know it. Must end before the connection.
class key_listener {
public:
    explicit key_listener(pg_conn* c) noexcept;
    key_listener(key_listener const&) = delete;
    key_listener& operator=(key_listener const&) = delete;
    ~key_listener();

    // Of the server that answered last.
    std::optional<backend_key> const& key() noexcept;

private:
    static ssize_t write(void* self, char const* text, std::size_t size) noexcept;
    void take(char c) noexcept;

    pg_conn* connection_;
    std::FILE* stream_ = nullptr;
    std::array<char, 128> line_{}; // longer ones are of no interest
    std::size_t length_ = 0;
    std::optional<backend_key> key_;
};

} // namespace coda::pg::detail
