// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/decision.hpp>

namespace coda {

std::string_view to_string(verdict v) noexcept {
    switch (v) {
    case verdict::retry: return "tried again";
    case verdict::cancelled: return "the caller gave up";
    case verdict::permanent: return "it would end so again";
    case verdict::unsafe: return "it may have been done and must not be done twice";
    case verdict::attempts_used: return "no more attempts are allowed";
    case verdict::no_time: return "the deadline comes before the next attempt";
    case verdict::budget_empty: return "the retry budget is empty";
    }
    return "invalid";
}

} // namespace coda
