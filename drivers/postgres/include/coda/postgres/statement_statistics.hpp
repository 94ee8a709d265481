// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace coda::pg {

/// How a connection's or a client's statements were sent, counted since it was made, over all that it has connected.
///
///     auto const s = db.statement_statistics();
///     auto const hit_rate = double(s.hits) / double(s.hits + s.prepared + s.unprepared);
struct statement_statistics {
    std::uint64_t hits = 0;       ///< as one that was prepared already
    std::uint64_t prepared = 0;   ///< prepared, to be used again
    std::uint64_t unprepared = 0; ///< for this once: statement_cache is 0, or has no room, or is preparing it just now
    std::uint64_t again = 0; ///< once more, since its preparation no longer held; counted above as well. Not flights
};

} // namespace coda::pg
