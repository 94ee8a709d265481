// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "workloads/query.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coda::bench::redis {

/// Where a query's record is: a string under a key of its own, "coda_bench:account:17". `credit` writes `account`'s.
[[nodiscard]] std::string key_of(query q, std::int64_t key);

/// What is stored there: "KEY NEXT text", in words of the record's kind. A write leaves an account with one cent more
/// than it began with: to add to what is there would need a script, and measure that.
[[nodiscard]] std::string value_of(query q, std::int64_t key);

/// What is wrong with a value read by `q` for `key`; nullptr if nothing is, and then `next` is the key that leads on.
[[nodiscard]] char const* fault_in(std::string_view value, std::int64_t key, std::int64_t& next) noexcept;

/// One command in the form hiredis wants it: GET, or SET with the value. Views into itself.
class command {
public:
    explicit command(asked q);
    command(command const&) = delete;
    command& operator=(command const&) = delete;

    [[nodiscard]] int count() const noexcept { return count_; }
    [[nodiscard]] char const** arguments() noexcept { return arguments_.data(); }
    [[nodiscard]] std::size_t const* lengths() const noexcept { return lengths_.data(); }

private:
    std::array<char, 48> key_;
    std::string value_; // of a SET
    int count_;
    std::array<char const*, 3> arguments_;
    std::array<std::size_t, 3> lengths_;
};

} // namespace coda::bench::redis
