// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "server_process.hpp"
#include "store.hpp"
#include "support/fault_proxy.hpp"
#include "support/fault_schedule.hpp"

#include <functional>
#include <thread>

namespace coda::chaos {

/// Does what a schedule of faults says, on a thread of its own, and then makes everything well again.
class nemesis {
public:
    /// `done` is called on its thread in the end, with what went wrong with the faults themselves; empty where nothing
    /// did.
    nemesis(store& s, server_process& server, test::fault_proxy& way, std::vector<test::fault> faults,
            std::function<void(std::string)> done);
    /// Waits for its end.
    ~nemesis();
    nemesis(nemesis const&) = delete;
    nemesis& operator=(nemesis const&) = delete;

private:
    void run();
    void begin(test::fault const& f);
    void end(test::fault const& f);

    store& store_;
    server_process& server_;
    test::fault_proxy& way_;
    std::vector<test::fault> faults_;
    std::function<void(std::string)> done_;
    std::thread thread_;
};

} // namespace coda::chaos
