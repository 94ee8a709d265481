// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/loop.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace coda::detail {

// Is told when something has changed in a pool, on its loop.
class pool_watcher {
public:
    virtual void changed() noexcept = 0;

protected:
    ~pool_watcher() = default;
};

// One loop's client as the exchange sees it. For that loop's thread.
class permit_holder {
public:
    virtual ~permit_holder() = default;
    // Somebody waits, and all that is lacking is a permit.
    virtual bool starved() const noexcept = 0;
    // Begins to free one that is not needed; false: there is none.
    virtual bool give_up() noexcept = 0;
    // What was given up is free.
    virtual bool freed() const noexcept = 0;
    virtual void add() noexcept = 0;
};

// Moves permits between loops: a starved client asks all others, those who can spare one send it, the others remember.
// Loops speak to one another by `post` alone; each place is its own loop's thread's.
class permit_exchange : public std::enable_shared_from_this<permit_exchange> {
public:
    explicit permit_exchange(std::vector<loop*> const& loops);

    std::size_t size() const noexcept { return places_.size(); }
    // The index of a loop; size() where it is none of them.
    std::size_t index_of(loop const* l) const noexcept;

    // On the loop of that index.
    void attach(std::size_t at, permit_holder& h) noexcept;
    void detach(std::size_t at) noexcept;
    void changed(std::size_t at) noexcept;

private:
    struct place {
        loop* at = nullptr;
        permit_holder* holder = nullptr; // of a client that is open
        bool asking = false;
        bool looking = false;
        std::vector<std::size_t> hungry; // who has asked and could not be helped yet
        std::vector<std::size_t> owed;   // for whom a permit is being freed
    };

    void look(place& here, std::size_t at) noexcept;
    void tell_others(std::size_t from, void (permit_exchange::*what)(std::size_t from, std::size_t at) noexcept);
    void asked(std::size_t from, std::size_t at) noexcept;
    void withdrawn(std::size_t from, std::size_t at) noexcept;
    void granted(std::size_t from, std::size_t to) noexcept;
    void send(std::size_t from, std::size_t to) noexcept;

    std::vector<place> places_;
};

} // namespace coda::detail
