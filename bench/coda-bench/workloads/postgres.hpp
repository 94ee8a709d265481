// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <libpq-fe.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace coda::bench::postgres {

inline constexpr std::int64_t account_count = 100'000; ///< keys 1 to this exist
inline constexpr std::int64_t credit_cents = 1;        ///< what a write adds to an account

/// The prepared statements. All take a 64-bit key as $1; `credit` takes the cents as $2.
enum class statement : unsigned char { account, credit, session, settings, order, item };

/// A statement's name on the server and its text. Every read's first column echoes the key, so that a
/// reply handed to the wrong caller is noticed; the second is a 64-bit integer where `next_key` reads it.
struct statement_text {
    char const* name;
    char const* sql;
    int parameters;
};

inline constexpr std::array statements{
    statement_text{"account", "select id, customer_id, cents from coda_bench.accounts where id = $1", 1},
    statement_text{"credit", "update coda_bench.accounts set cents = cents + $2::bigint where id = $1", 2},
    statement_text{"session", "select customer_id, seen, token from coda_bench.sessions where customer_id = $1", 1},
    statement_text{"settings", "select customer_id, version, theme from coda_bench.settings where customer_id = $1", 1},
    statement_text{"order",
                   "select customer_id, item_id, id from coda_bench.orders where customer_id = $1 "
                   "order by id desc limit 1",
                   1},
    statement_text{"item", "select id, cents, title from coda_bench.items where id = $1", 1},
};

/// The text of a statement.
[[nodiscard]] constexpr statement_text const& text_of(statement s) noexcept {
    return statements[static_cast<std::size_t>(s)];
}

/// The binary parameters of one execution, in the form libpq wants them.
class parameters {
public:
    parameters(statement s, std::int64_t key) noexcept;
    parameters(parameters const&) = delete;
    parameters& operator=(parameters const&) = delete;

    [[nodiscard]] int count() const noexcept { return count_; }
    [[nodiscard]] char const* const* values() const noexcept { return values_; }
    [[nodiscard]] int const* lengths() const noexcept { return lengths_; }
    [[nodiscard]] int const* formats() const noexcept { return formats_; }

private:
    static constexpr int lengths_[2] = {8, 8}; // every parameter is an int8 ...
    static constexpr int formats_[2] = {1, 1}; // ... in network byte order

    std::int64_t network_order_[2];
    char const* values_[2];
    int count_;
};

/// What is wrong with a reply to `s` asked for `key`; nullptr if it is what it should be.
[[nodiscard]] char const* fault_in(PGresult const* reply, statement s, std::int64_t key) noexcept;

/// The key that leads on from a faultless reply: an account's customer, an order's item.
[[nodiscard]] std::int64_t next_key(PGresult const* reply) noexcept;

/// Creates the schema `coda_bench` (about 30 MB) unless it is there already, and empties the disk's
/// write queue, so that the first measurement does not pay for it.
/// @return the server's version and the settings that matter for speed, in words
/// @throws std::runtime_error when the server cannot be reached or refuses
std::string prepare_schema(std::string const& conninfo);

/// `conninfo` (URI or keywords) with the server's address replaced by a proxy on this machine.
/// @throws std::runtime_error when `conninfo` is malformed; the message never holds the password
[[nodiscard]] std::string through_proxy(std::string const& conninfo, std::uint16_t port);

/// Where the server of `conninfo` listens: "HOST:PORT", or the path of its unix socket.
/// @throws std::runtime_error as `through_proxy`
[[nodiscard]] std::string server_address(std::string const& conninfo);

} // namespace coda::bench::postgres
