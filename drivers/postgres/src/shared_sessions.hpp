// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "session.hpp"

#include <coda/runtime/scope.hpp>

#include <vector>

namespace coda::pg::detail {

// Whether another connection should be opened, given those that are open, those being opened, and the load of the one
// that is least loaded: one at a time while there is none, then as long as all are busy.
bool should_open_another(std::size_t open, std::size_t opening, std::size_t limit, std::size_t least_load) noexcept;

// A client's connections: finds the least loaded, opens more when all are busy, replaces those that were lost.
class shared_sessions {
public:
    shared_sessions(loop& l, std::string uri, client_options const& options);
    ~shared_sessions();

    // The session for the next statement, or nullptr while none is open. Valid until the loop's next step.
    session* pick();

    // Waits for the attempt to connect that is under way; at most max_queued do, more get errc::queue_full. May outlive
    // this object: ends with errc::closed then.
    operation<std::shared_ptr<session>> wait();

    operation<> close();
    std::size_t open() const noexcept;

private:
    class attempt;

    task<> open_one(std::shared_ptr<attempt> a);
    result<std::shared_ptr<session>> adopt(result<connection_handle> opened);
    void open_another();

    loop& loop_;
    std::string uri_;
    client_options options_;
    std::vector<std::shared_ptr<session>> sessions_;
    std::vector<std::shared_ptr<attempt>> attempts_;            // under way
    std::shared_ptr<bool> here_ = std::make_shared<bool>(true); // asked by those who come back from a wait
    bool closed_ = false;
    scope background_; // last: the tasks that open connections go first
};

} // namespace coda::pg::detail
