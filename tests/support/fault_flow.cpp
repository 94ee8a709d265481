// SPDX-License-Identifier: BSL-1.0
#include "fault_flow.hpp"

#include <algorithm>
#include <limits>

namespace coda::test {

namespace {

constexpr std::size_t most_waiting = 1 << 20;
constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

using kind = fault_flow::step::kind;

std::uint64_t throttle_quantum(std::uint64_t bytes_per_second) {
    return bytes_per_second == 0 ? unlimited : std::max<std::uint64_t>(1, bytes_per_second / 100);
}

std::chrono::nanoseconds time_on_line(std::uint64_t bytes, std::uint64_t bytes_per_second) {
    if (bytes_per_second == 0) return {};
    return std::chrono::nanoseconds{bytes * 1'000'000'000 / bytes_per_second};
}

std::uint64_t left_until(std::optional<std::uint64_t> position, std::uint64_t passed) {
    return position && *position >= passed ? *position - passed : unlimited;
}

} // namespace

void fault_flow::set(flow_faults const& faults) {
    faults_ = faults;
    passed_ = 0;
    busy_until_ = {};
    if (faults_.black_hole && !finished_ && (waiting_ > 0 || end_)) lost_ = true;
}

void fault_flow::push(std::string_view bytes, time_point now) {
    if (finished_ || bytes.empty()) return;
    lost_ = lost_ || faults_.black_hole;
    if (lost_) return;
    pieces_.push_back({std::string{bytes}, now});
    waiting_ += bytes.size();
}

void fault_flow::end(source_end how, time_point now) {
    if (end_) return;
    end_ = how;
    ended_at_ = now;
    if (faults_.black_hole && !finished_) lost_ = true;
}

fault_flow::step fault_flow::next(time_point now) {
    if (finished_ || faults_.black_hole) return {};
    if (lost_) return {.what = kind::cut, .how = cut::reset};
    if (passed_ > 0 && faults_.cut_after == passed_) return {.what = kind::cut, .how = faults_.how};
    if (faults_.stall_after == passed_) return {};
    if (pieces_.empty() && !end_) return {};

    auto const arrived = pieces_.empty() ? ended_at_ : pieces_.front().arrived;
    auto const due = std::max(arrived + faults_.delay, busy_until_);
    if (due > now) return {.until = due};
    if (!pieces_.empty()) {
        if (faults_.cut_after == 0) return {.what = kind::cut, .how = faults_.how};
        return {.what = kind::write, .bytes = sendable()};
    }
    if (end_ == source_end::reset) return {.what = kind::cut, .how = cut::reset};
    return {.what = kind::finish};
}

std::string_view fault_flow::sendable() {
    auto const rest = std::string_view{pieces_.front().bytes}.substr(sent_of_first_);
    auto const to_corruption = left_until(faults_.corrupt_at, passed_);
    if (to_corruption == 0) {
        corrupted_ = static_cast<char>(static_cast<unsigned char>(rest.front()) ^ faults_.corrupt_mask);
        return {&corrupted_, 1};
    }
    auto const most = std::min({faults_.chunk == 0 ? unlimited : faults_.chunk, to_corruption,
                                throttle_quantum(faults_.bytes_per_second), left_until(faults_.cut_after, passed_),
                                left_until(faults_.stall_after, passed_)});
    return rest.substr(0, most);
}

void fault_flow::written(std::size_t count, time_point now) {
    passed_ += count;
    waiting_ -= count;
    sent_of_first_ += count;
    busy_until_ = std::max(busy_until_, now) + time_on_line(count, faults_.bytes_per_second);
    if (sent_of_first_ == pieces_.front().bytes.size()) {
        pieces_.pop_front();
        sent_of_first_ = 0;
    }
}

void fault_flow::finish() {
    finished_ = true;
    pieces_.clear();
    sent_of_first_ = 0;
    waiting_ = 0;
}

bool fault_flow::wants_input() const noexcept {
    return !end_ && (finished_ || lost_ || faults_.black_hole || waiting_ < most_waiting);
}

} // namespace coda::test
