// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/listener.hpp>
#include <coda/pool/statistics.hpp>

#include <string>

namespace coda::detail {

// What a pool tells of itself: events to its listener, and how long things took. Without a listener an event costs a
// look at a pointer.
class pool_journal {
public:
    pool_journal(std::string_view name, pool_listener* listener) : name_(name), listener_(listener) {}

    std::string const& name() const noexcept { return name_; }

    void pool_created(pool_options const* o) noexcept {
        if (listener_ != nullptr) tell({.what = kind::pool_created, .options = o});
    }
    void pool_ready() noexcept {
        if (listener_ != nullptr) tell({.what = kind::pool_ready});
    }
    void pool_cleared(bool interrupt, error const* why) noexcept {
        if (listener_ != nullptr) tell({.what = kind::pool_cleared, .interrupt_in_use = interrupt, .why = why});
    }
    void pool_closed() noexcept {
        if (listener_ != nullptr) tell({.what = kind::pool_closed});
    }
    void backing_off(duration wait, error const& why) noexcept {
        if (listener_ != nullptr) tell({.what = kind::backing_off, .took = wait, .why = &why});
    }

    void connection_created(std::uint64_t id) noexcept {
        if (listener_ != nullptr) tell({.what = kind::connection_created, .connection = id});
    }
    void connection_ready(std::uint64_t id, duration took) noexcept {
        connect_.add(took);
        if (listener_ != nullptr) tell({.what = kind::connection_ready, .connection = id, .took = took});
    }
    void connection_closed(std::uint64_t id, close_reason reason, error const* why = nullptr) noexcept {
        if (listener_ != nullptr)
            tell({.what = kind::connection_closed, .connection = id, .reason = reason, .why = why});
    }
    void connection_taken(std::uint64_t id, duration waited) noexcept {
        this->waited(waited);
        if (listener_ != nullptr) tell({.what = kind::connection_taken, .connection = id, .took = waited});
    }
    // Once the pool has gone: an acquire may begin later, and the listener has to outlive the pool alone.
    void nobody_listens() noexcept { listener_ = nullptr; }

    void waited(duration d) noexcept { wait_.add(d); }
    void connection_returned(std::uint64_t id, duration held) noexcept {
        hold_.add(held);
        if (listener_ != nullptr) tell({.what = kind::connection_returned, .connection = id, .took = held});
    }
    void held_too_long(std::uint64_t id, duration held, std::source_location taken_at) noexcept {
        if (listener_ != nullptr)
            tell({.what = kind::held_too_long, .connection = id, .took = held, .taken_at = taken_at});
    }

    void acquire_started() noexcept {
        if (listener_ != nullptr) tell({.what = kind::acquire_started});
    }
    void acquire_failed(acquire_failure failure, duration waited, error const* why = nullptr) noexcept {
        if (listener_ != nullptr) tell({.what = kind::acquire_failed, .took = waited, .failure = failure, .why = why});
    }

    duration_summary wait() const noexcept { return summarize(wait_); }
    duration_summary hold() const noexcept { return summarize(hold_); }
    duration_summary connect() const noexcept { return summarize(connect_); }

private:
    using kind = pool_event::kind;

    void tell(pool_event e) noexcept {
        e.pool = name_;
        listener_->on_event(e);
    }

    std::string name_;
    pool_listener* listener_;
    histogram wait_;
    histogram hold_;
    histogram connect_;
};

} // namespace coda::detail
