// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

namespace coda::test {

// How many objects of one kind were made (copies and moves count) and destroyed.
struct tally {
    int made = 0;
    int gone = 0;
    int alive() const noexcept { return made - gone; }
};

// An object with a destructor that matters, which moves and copies as a string or a vector does: counts itself.
class tracked {
public:
    explicit tracked(tally& t, int v = 0) noexcept : value(v), tally_(&t) { ++tally_->made; }
    tracked(tracked const& other) noexcept : value(other.value), tally_(other.tally_) { ++tally_->made; }
    tracked(tracked&& other) noexcept : value(std::exchange(other.value, -1)), tally_(other.tally_) { ++tally_->made; }
    tracked& operator=(tracked const&) = delete;
    ~tracked() {
        ++tally_->gone;
        value = -2;
    }

    int value; // -1 once moved from, -2 once destroyed

private:
    tally* tally_;
};

} // namespace coda::test
