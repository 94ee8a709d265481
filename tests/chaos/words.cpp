// SPDX-License-Identifier: BSL-1.0
#include "words.hpp"

#include <fmt/format.h>

namespace coda::chaos {

char const* name_of(request what) noexcept {
    switch (what) {
    case request::read: return "read";
    case request::slow_read: return "slow read";
    case request::write: return "write";
    case request::leased_read: return "leased read";
    case request::transaction: return "transaction";
    case request::rolled_back: return "rolled back";
    }
    return "";
}

double ms(duration d) noexcept { return std::chrono::duration<double, std::milli>(d).count(); }

std::string describe(error const& e) {
    return fmt::format("{}:{} {}", e.code().category().name(), e.code().value(), to_string(e.outcome()));
}

} // namespace coda::chaos
