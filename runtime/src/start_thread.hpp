// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace coda::detail {

// A thread that takes none of the process' signals: they are for the program's own threads. The new thread inherits the
// mask, so there is no moment without it.
template <class F>
std::thread start_thread(char const* name, F function) {
    class all_blocked {
    public:
        all_blocked() noexcept {
            sigset_t all;
            sigfillset(&all);
            for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF})
                sigdelset(&all, fault);
            pthread_sigmask(SIG_BLOCK, &all, &former_);
        }
        ~all_blocked() { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }
        all_blocked(all_blocked const&) = delete;

    private:
        sigset_t former_;
    };
    all_blocked const during_creation;
    std::thread thread(std::move(function));
    pthread_setname_np(thread.native_handle(), name);
    return thread;
}

} // namespace coda::detail
