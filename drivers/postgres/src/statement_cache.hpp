// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec.hpp>

#include <list>
#include <string>
#include <unordered_map>

namespace coda::pg::detail {

// Which statements one connection has prepared, and under which names; the least recently used makes room. Two
// statements are the same when text and parameter types are.
class statement_cache {
public:
    enum class state : unsigned char {
        preparing, // the server has not answered
        ready,
        stale, // prepared, but not to be used again
    };
    struct entry {
        std::uint64_t id; // never 0, never used twice
        std::string name;
        std::string key;
        state is;
    };

    explicit statement_cache(std::size_t capacity) noexcept : capacity_(capacity) {}

    // Whether anything is prepared at all.
    bool enabled() const noexcept { return capacity_ > 0; }

    // The statement, now the most recently used; or nullptr.
    entry const* find(std::string_view sql, std::span<oid const> types);

    // Adds it, not ready yet. Nullptr when there is no room: make some, or do without.
    entry const* add(std::string_view sql, std::span<oid const> types);

    // The server's answer to its preparation.
    void prepared(std::uint64_t id) noexcept;

    // The server does not have it.
    void remove(std::uint64_t id) noexcept;

    // The server has forgotten all of which it has told.
    void clear() noexcept;

    // What a statement is prepared under.
    static std::string name_of(std::uint64_t id);

    // Not found any more, and the next to make room.
    void expire(std::uint64_t id) noexcept;

    // Whether `make_room` would take one out.
    bool has_spare() const noexcept;

    // Takes out a stale statement, or, if there is no room, the least recently used one unless it is being prepared.
    // Gives its name, which the server is to forget, else nothing.
    std::optional<std::string> make_room();

    std::size_t size() const noexcept { return order_.size(); }

    // The last id that was given; 0 where none was.
    std::uint64_t last_id() const noexcept { return made_; }

private:
    using position = std::list<entry>::iterator;
    std::string const& key_of(std::string_view sql, std::span<oid const> types);
    static bool is_key_of(std::string_view key, std::string_view sql, std::span<oid const> types) noexcept;
    position by_id(std::uint64_t id) noexcept;

    std::size_t capacity_;
    std::list<entry> order_;                                // most recently used first, stale ones last
    std::unordered_map<std::string_view, position> by_key_; // views of the keys of entries that are not stale
    std::string key_;                                       // scratch, so that looking up allocates nothing once warm
    std::uint64_t made_ = 0;
};

} // namespace coda::pg::detail
