// SPDX-License-Identifier: BSL-1.0
#include "pipeline.hpp"

#include <cassert>

namespace coda::pg::detail {

void pipeline::enqueue(request& r) noexcept {
    assert(!full());
    queue_.push_back(r);
    ++queued_;
    r.at = request::stage::queued;
}

request* pipeline::next() noexcept {
    if (queue_.empty() || slots_.size() >= max_in_flight_) return nullptr;
    return &static_cast<request&>(queue_.front());
}

void pipeline::take_from_queue(request& r) noexcept {
    static_cast<resumption&>(r).unlink();
    --queued_;
}

void pipeline::sent(request& r, int commands, std::uint64_t statement) {
    take_from_queue(r);
    r.at = request::stage::sent;
    r.ticket = first_ticket_ + slots_.size();
    slots_.push_back({&r, statement, static_cast<unsigned char>(commands), false});
}

void pipeline::sent_unowned() {
    slots_.push_back({nullptr, 0, 1, false});
    ++abandoned_;
}

bool pipeline::abandon(request& r) noexcept {
    bool const unsent = r.at == request::stage::queued;
    if (unsent) {
        take_from_queue(r);
    } else if (r.at == request::stage::sent) {
        slots_[r.ticket - first_ticket_].owner = nullptr;
        ++abandoned_;
    }
    r.at = request::stage::ended;
    return unsent;
}

// The commands of one Sync answer in order: those before the last only matter when they fail (a Prepare), and after a
// failure the rest is skipped.
pipeline::step pipeline::on_reply(reply r) noexcept {
    assert(!slots_.empty());
    slot& s = slots_.front();
    request* const owner = s.owner;
    // Each command answers once, unless one before it has failed; only a failure may come after the last (at its Sync).
    bool const broken = r == reply::sync ? s.to_come > 0 && !s.failed : s.to_come == 0 && r != reply::failure;
    if (broken) return {step::what::broken, owner};
    if (r == reply::sync) {
        slots_.pop_front();
        ++first_ticket_;
        if (owner == nullptr) {
            --abandoned_;
            return {};
        }
        owner->at = request::stage::ended;
        return {step::what::ended, owner};
    }
    if (s.to_come > 0) --s.to_come;
    bool const first_failure = r == reply::failure && !s.failed;
    s.failed = s.failed || r != reply::success;
    bool const final_success = r == reply::success && s.to_come == 0;
    if (owner == nullptr || !(first_failure || final_success)) return {};
    return {step::what::result, owner};
}

pipeline::orphan pipeline::take_any() noexcept {
    while (!slots_.empty()) {
        request* const owner = slots_.front().owner;
        slots_.pop_front();
        ++first_ticket_;
        if (owner == nullptr) {
            --abandoned_;
            continue;
        }
        owner->at = request::stage::ended;
        return {owner, true};
    }
    if (queue_.empty()) return {nullptr, false};
    auto& r = static_cast<request&>(queue_.front());
    take_from_queue(r);
    r.at = request::stage::ended;
    return {&r, false};
}

} // namespace coda::pg::detail
