// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/punctuality.hpp"

namespace coda::chaos {

/// Since it was made: whether the machine had processors for all who wanted one. The servers and the proxy, too, need
/// them to be well.
class shortage {
public:
    std::chrono::steady_clock::duration lasted() const {
        return test::machine_was_short_of_processors() - short_before_;
    }
    /// For most of the time it had not.
    bool starved() const { return lasted() > most * (std::chrono::steady_clock::now() - begin_); }

private:
    static constexpr double most = 0.9;

    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::chrono::microseconds short_before_ = test::machine_was_short_of_processors();
};

} // namespace coda::chaos
