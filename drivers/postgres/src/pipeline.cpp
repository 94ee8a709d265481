// SPDX-License-Identifier: BSL-1.0
#include "pipeline.hpp"

#include <cassert>

namespace coda::pg::detail {

// The commands of one Sync answer in order: those before the last only matter when they fail (a Prepare), and after a
// failure the rest is skipped.
pipeline::step pipeline::on_reply(reply r) noexcept {
    assert(!syncs_.empty());
    sync& s = syncs_.front();
    pipeline_request* const owner = front();
    // Each command answers once, unless one before it has failed; only a failure may come after the last (at its Sync).
    bool const broken = r == reply::sync ? s.to_come > 0 && !s.failed : s.to_come == 0 && r != reply::failure;
    if (broken) return {step::what::broken, owner};
    if (r == reply::sync) {
        unowned_ -= s.unowned ? 1 : 0;
        syncs_.pop_front();
        return {answered() != nullptr ? step::what::ended : step::what::nothing, owner};
    }
    if (s.to_come > 0) --s.to_come;
    bool const first_failure = r == reply::failure && !s.failed;
    s.failed = s.failed || r != reply::success;
    bool const final_success = r == reply::success && s.to_come == 0;
    if (owner == nullptr || !(first_failure || final_success)) return {};
    return {step::what::result, owner};
}

} // namespace coda::pg::detail
