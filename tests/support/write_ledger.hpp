// SPDX-License-Identifier: BSL-1.0
// What callers were told about their writes, held against what the server has in the end.
//
//     auto const number = ledger.begin();
//     ... have the server count one more for `number` ...
//     ledger.end(number, r.has_error() ? told_by(r.error()) : write_ledger::told::done);
//     EXPECT_THAT(ledger.compare(counted_by_the_server), IsEmpty());
#pragma once

#include <coda/runtime/error.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace coda::test {

class write_ledger {
public:
    enum class told : unsigned char {
        nothing,  ///< the caller has not come back: its frame was destroyed, say
        done,     ///< once, no more
        not_done, ///< not sent, or refused by the server
        unknown,  ///< done once or not at all
    };

    /// Numbers begin with `first`.
    explicit write_ledger(std::uint64_t first = 1) noexcept : first_(first) {}

    /// The number of a new write.
    std::uint64_t begin() {
        told_.push_back(told::nothing);
        return first_ + told_.size() - 1;
    }
    void end(std::uint64_t number, told what) { told_.at(number - first_) = what; }

    /// How often the server has done each write, for those that it knows of. Gives what must not be, in words.
    std::vector<std::string> compare(std::map<std::uint64_t, long> const& counts) const;

    std::size_t size() const noexcept { return told_.size(); }
    /// How many callers were told so.
    std::size_t count(told what) const noexcept;

private:
    std::uint64_t first_;
    std::vector<told> told_;
};

/// What an error says of a write: only `unknown` leaves it open, for a server that answers with an error has not done
/// it.
write_ledger::told told_by(error const& e) noexcept;

} // namespace coda::test
