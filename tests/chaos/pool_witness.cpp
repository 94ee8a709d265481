// SPDX-License-Identifier: BSL-1.0
#include "pool_witness.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace coda::chaos {

namespace {

using kind = pool_event::kind;

// The pool's clock is the loop's, which is read now and then.
constexpr duration tolerance = std::chrono::milliseconds(20);

double ms(duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

} // namespace

void pool_witness::on_event(pool_event const& e) noexcept {
    if (e.what == kind::acquire_failed) ++refused_;
    if (e.what == kind::held_too_long) ++held_too_long_;
    if (e.connection == 0) return;
    if (e.what == kind::connection_created) {
        if (e.connection != ++last_) object_(fmt::format("connection {} was created after {}", e.connection, last_));
        connections_.try_emplace(e.connection);
        return;
    }
    auto const at = connections_.find(e.connection);
    if (at == connections_.end()) {
        // What was cut off is returned when its lease ends.
        if (e.what != kind::connection_returned)
            object_(fmt::format("{} of connection {}, which is not there", to_string(e.what), e.connection));
        return;
    }
    auto& c = at->second;
    switch (e.what) {
    case kind::connection_ready: ready(c); break;
    case kind::connection_taken: take(e.connection, c); break;
    case kind::connection_returned:
        c.taken = false;
        c.rests_since = loop_.now();
        break;
    case kind::connection_closed:
        close(e.connection, c, e.reason);
        connections_.erase(at);
        break;
    default: break;
    }
}

void pool_witness::ready(connection& c) {
    ++opened_;
    c.open = true;
    c.opened = c.rests_since = loop_.now();
}

void pool_witness::take(std::uint64_t id, connection& c) {
    ++handed_out_;
    auto const now = loop_.now();
    if (!c.open || c.taken) object_(fmt::format("connection {} was handed out and is not there to be", id));
    c.taken = true;
    if (++c.uses > options_.max_uses) object_(fmt::format("connection {} was used {} times", id, c.uses));
    if (now - c.opened > options_.max_lifetime + tolerance)
        object_(fmt::format("connection {} was handed out {:.0f} ms old", id, ms(now - c.opened)));
    if (now - c.rests_since > options_.max_idle_time + tolerance)
        object_(fmt::format("connection {} was handed out after {:.0f} ms", id, ms(now - c.rests_since)));
}

void pool_witness::close(std::uint64_t id, connection const& c, close_reason why) {
    ++closed_for_[static_cast<std::size_t>(why)];
    if (c.open) ++closed_;
    check_reason(id, c, why);
}

void pool_witness::check_reason(std::uint64_t id, connection const& c, close_reason why) const {
    auto const now = loop_.now();
    bool const so = [&] {
        switch (why) {
        case close_reason::idle: return c.open && now - c.rests_since > options_.max_idle_time - tolerance;
        case close_reason::expired: return c.open && now - c.opened > options_.max_lifetime * 9 / 10 - tolerance;
        case close_reason::used_up: return c.uses >= options_.max_uses;
        case close_reason::overflow: return c.open && !c.taken;
        default: return true;
        }
    }();
    if (!so)
        object_(fmt::format("connection {} was closed for the reason '{}', {:.0f} ms old, unused for {:.0f} ms, "
                            "after {} uses",
                            id, to_string(why), ms(now - c.opened), ms(now - c.rests_since), c.uses));
}

void pool_witness::compare(pool_statistics const& s) const {
    auto const taken = static_cast<std::size_t>(
        std::ranges::count_if(connections_, [](auto const& each) { return each.second.taken; }));
    // What is told to be closed is counted when it is.
    bool const so = s.opened == opened_ && s.closed <= closed_ && closed_ <= s.closed + s.closing &&
                    s.handed_out == handed_out_ && s.refused == refused_ && s.held_too_long == held_too_long_ &&
                    s.in_use == taken;
    if (!so)
        object_(fmt::format("the pool says {} opened, {} closed, {} closing, {} handed out, {} refused, {} held too "
                            "long, {} in use; its events {}, {}, {}, {}, {}, {}",
                            s.opened, s.closed, s.closing, s.handed_out, s.refused, s.held_too_long, s.in_use, opened_,
                            closed_, handed_out_, refused_, held_too_long_, taken));
}

void pool_witness::compare_shared(pool_statistics const& s) const {
    auto const open = static_cast<std::size_t>(
        std::ranges::count_if(connections_, [](auto const& each) { return each.second.open; }));
    // What is lost counts as closed at once, and is told when it is forgotten.
    bool const so = s.opened == opened_ && s.closed >= closed_ && s.opened - s.closed == s.idle + s.in_use &&
                    s.idle + s.in_use <= open && s.connecting == connections_.size() - open;
    if (!so)
        object_(fmt::format("the client says {} opened, {} closed, {} connecting, {} idle, {} in use; its events {} "
                            "opened, {} closed, {} connecting, {} open",
                            s.opened, s.closed, s.connecting, s.idle, s.in_use, opened_, closed_,
                            connections_.size() - open, open));
}

void pool_witness::tell(audit& a, std::string_view whose) const {
    if (!connections_.empty()) object_(fmt::format("the end of {} connections was not told", connections_.size()));
    for (auto const why : reasons)
        if (auto const n = closed_for_[static_cast<std::size_t>(why)]; n != 0)
            a.counted(fmt::format("{} connections closed: {}", whose, to_string(why)), n);
    a.counted("leases held for too long", held_too_long_);
}

} // namespace coda::chaos
