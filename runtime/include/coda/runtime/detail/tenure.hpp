// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/fwd.hpp>

namespace coda::detail {

// A thread's right to a loop and the coroutines on it: of the one that runs it, until the task that it ran has been
// destroyed, and of one that destroys a task there while nobody runs it. A thread that waits for another loop meanwhile
// does what the others ask of its own (see remote_run::recall).
class tenure {
public:
    // Waits for another thread to leave. Of a loop of the user's nothing is known while coda does not run it.
    explicit tenure(loop& l) noexcept;
    ~tenure();
    tenure(tenure const&) = delete;
    tenure& operator=(tenure const&) = delete;

private:
    loop* taken_ = nullptr; // null: the thread had it already
};

} // namespace coda::detail
