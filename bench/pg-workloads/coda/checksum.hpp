// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pg_workloads {

// What all runners make of the values that they have decoded, so that it is seen that they have decoded the same. A
// number is folded in as it is, a text, byte string or array as its length and then its elements.
class checksum {
public:
    template <class T>
        requires std::is_integral_v<T>
    void add(T value) noexcept {
        sum_ = sum_ * 31 + static_cast<std::uint64_t>(value);
    }
    void add(std::byte value) noexcept { add(static_cast<unsigned char>(value)); }
    void add(std::string_view text) noexcept {
        add(text.size());
        for (char const c : text) add(static_cast<unsigned char>(c));
    }
    template <class T>
    void add(std::vector<T> const& values) noexcept {
        add(values.size());
        for (auto const& each : values) add(each);
    }

    std::uint64_t value() const noexcept { return sum_; }

private:
    std::uint64_t sum_ = 0;
};

} // namespace pg_workloads
