// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/loop.hpp>

#include <functional>
#include <optional>

namespace coda::detail {

// While it lives, the first SIGINT or SIGTERM that the process receives is reported on the loop, and after it the
// signal's former handling is back: who asks twice is not ignored. Of several watches alive at once (loops on several
// threads) all are told. A signal that the process ignores or has a handler of its
// own for is left alone.
class signal_watch {
public:
    signal_watch(loop& l, std::function<void(int)> on_signal);
    ~signal_watch();
    signal_watch(signal_watch const&) = delete;

private:
    void readable() noexcept;

    std::function<void(int)> on_signal_;
    int fd_;
    std::optional<fd_watch> watch_;
};

} // namespace coda::detail
