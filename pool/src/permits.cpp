// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/detail/permits.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace coda::detail {

permit_exchange::permit_exchange(std::vector<loop*> const& loops) : places_(loops.size()) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
        places_[i].at = loops[i];
        places_[i].hungry.reserve(loops.size()); // each of the others at most once
        places_[i].owed.reserve(loops.size());
    }
}

std::size_t permit_exchange::index_of(loop const* l) const noexcept {
    return static_cast<std::size_t>(std::ranges::find(places_, l, &place::at) - places_.begin());
}

void permit_exchange::attach(std::size_t at, permit_holder& h) noexcept {
    places_[at].holder = &h;
    changed(at);
}

void permit_exchange::detach(std::size_t at) noexcept { places_[at].holder = nullptr; }

// Giving up and adding permits changes the client, which says so.
void permit_exchange::changed(std::size_t at) noexcept {
    place& here = places_[at];
    if (here.holder == nullptr || std::exchange(here.looking, true)) return;
    look(here, at);
    here.looking = false;
}

void permit_exchange::look(place& here, std::size_t at) noexcept {
    while (!here.owed.empty() && here.holder->freed()) {
        std::size_t const to = here.owed.back();
        here.owed.pop_back();
        send(at, to);
    }
    bool const starved = here.holder->starved();
    while (!starved && !here.hungry.empty() && here.holder->give_up()) {
        std::size_t const to = here.hungry.front();
        here.hungry.erase(here.hungry.begin());
        if (here.holder->freed())
            send(at, to);
        else
            here.owed.push_back(to);
    }
    if (starved == here.asking) return;
    try {
        tell_others(at, starved ? &permit_exchange::asked : &permit_exchange::withdrawn);
        here.asking = starved;
    } catch (std::bad_alloc const&) {} // at the next change
}

void permit_exchange::tell_others(std::size_t from,
                                  void (permit_exchange::*what)(std::size_t from, std::size_t at) noexcept) {
    for (std::size_t i = 0; i < places_.size(); ++i)
        if (i != from)
            places_[i].at->post([self = shared_from_this(), what, from, i] { (self.get()->*what)(from, i); });
}

void permit_exchange::asked(std::size_t from, std::size_t at) noexcept {
    auto& hungry = places_[at].hungry;
    if (std::ranges::find(hungry, from) == hungry.end()) hungry.push_back(from);
    changed(at);
}

void permit_exchange::withdrawn(std::size_t from, std::size_t at) noexcept { std::erase(places_[at].hungry, from); }

// One that comes when the client has gone is lost with it, as all of its are. Who gave it has forgotten that it was
// asked for: it is, again, if that was not enough.
void permit_exchange::granted(std::size_t, std::size_t to) noexcept {
    place& here = places_[to];
    if (here.holder == nullptr) return;
    here.holder->add();
    if (here.holder->starved()) here.asking = false;
    changed(to);
}

// Without memory for the message it stays where it was.
void permit_exchange::send(std::size_t from, std::size_t to) noexcept {
    try {
        places_[to].at->post([self = shared_from_this(), from, to] { self->granted(from, to); });
    } catch (std::bad_alloc const&) {
        places_[from].holder->add();
    }
}

} // namespace coda::detail
