// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/detail/child.hpp>
#include <coda/runtime/event.hpp>

#include <optional>

namespace coda::detail {

// One call that several callers wait for. Its shares are held by the callers and, while it can be joined, by the
// single_flight.
template <class T>
class flight : private child_owner {
public:
    flight() noexcept = default;
    flight(flight const&) = delete;
    flight& operator=(flight const&) = delete;
    virtual ~flight() = default;

    // Begins `fn()`, which is kept. It has nobody's deadline, and the trace of the first who wants it.
    template <class F>
    void start(context const& first, F fn) {
        if (first.trace != nullptr) trace_ = *first.trace;
        context_ = context{first.loop, source_.token(), no_deadline, first.trace != nullptr ? &trace_ : nullptr,
                           &unknown_carrier};
        child_.emplace(run(std::move(fn)));
        child_->start(context_, *this);
    }

    auto landed() noexcept { return landed_.wait(); }
    bool has_landed() const noexcept { return landed_.is_set(); }
    // For one who waits although his own context has ended.
    context const& own_context_without_end() noexcept {
        waiting_context_ = context_;
        waiting_context_.cancel = {};
        return waiting_context_;
    }

    // Asks it to end; nobody can join it from here on.
    void cancel(error_code reason) noexcept {
        depart();
        source_.request(reason);
    }
    // What it gave, for each caller.
    result<T> outcome() const {
        if (exception_) std::rethrow_exception(exception_);
        return *outcome_;
    }

private:
    template <class>
    friend class seat;

    template <class F>
    static child<T> run(F fn) {
        auto ended = co_await as_result(fn());
        co_return std::move(ended);
    }

    // It can be joined no longer.
    virtual void depart() noexcept = 0;

    // All callers are gone without having waited for its end: it is destroyed where it is suspended.
    void abandon() noexcept {
        depart();
        child_.reset();
    }

    void child_ended(child_promise_base& c) noexcept override {
        if (c.exception())
            exception_ = c.exception();
        else if (c.failure())
            outcome_.emplace(failed<T>(*c.failure()));
        else if constexpr (std::is_void_v<T>)
            outcome_.emplace();
        else
            outcome_.emplace(boost::system::in_place_value, child_->take());
        depart();
        landed_.set();
    }

    cancel_source source_;
    trace_context trace_;
    context context_;
    context waiting_context_;
    std::optional<child<T>> child_;
    std::optional<result<T>> outcome_;
    std::exception_ptr exception_;
    event landed_;
    std::size_t callers_ = 0;
};

// A caller's place, given up when he leaves.
template <class T>
class seat {
public:
    explicit seat(flight<T>& f) noexcept : flight_(f) { ++flight_.callers_; }
    seat(seat const&) = delete;
    seat& operator=(seat const&) = delete;
    ~seat() {
        if (--flight_.callers_ == 0 && !flight_.has_landed()) flight_.abandon();
    }
    bool is_last() const noexcept { return flight_.callers_ == 1; }

private:
    flight<T>& flight_;
};

} // namespace coda::detail
