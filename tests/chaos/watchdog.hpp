// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace coda::chaos {

/// Ends the program when a storm does not end: a loop that is blocked tells nobody.
class watchdog {
public:
    watchdog();
    ~watchdog();
    watchdog(watchdog const&) = delete;
    watchdog& operator=(watchdog const&) = delete;

    /// This one begins; the one before it has ended.
    void expects_an_end_of(std::string storm);

private:
    void watch();

    std::mutex mutex_; // guards the three below
    std::condition_variable changed_;
    std::string storm_;
    bool ended_ = false;
    unsigned storms_ = 0;
    std::thread thread_;
};

} // namespace coda::chaos
