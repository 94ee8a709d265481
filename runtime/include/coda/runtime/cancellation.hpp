// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/intrusive_list.hpp>
#include <coda/runtime/error.hpp>
#include <coda/runtime/fwd.hpp>

/// Cancellation is a request that travels down: a source, and callbacks that live in the awaiters below it. No
/// allocation and no atomics: a source belongs to one loop's thread. From other threads ask by `loop::post`.
///
///     coda::cancel_source stop;
///     scope.spawn(coda::with_cancellation(stop.token(), serve()));
///     stop.request();                       // serve()'s current wait ends with errc::cancelled
namespace coda {

/// Runs a function when cancellation is requested. Lives where the wait lives and leaves by itself.
class cancel_callback : public detail::list_node {
public:
    /// Called on the loop's thread, inside `cancel_source::request`. It must not resume a coroutine: it schedules.
    using function = void (*)(cancel_callback&) noexcept;

    explicit cancel_callback(function f) noexcept : function_(f) {}

private:
    friend class cancel_source;
    function function_;
};

/// Where a request to cancel begins. Must outlive the tokens taken from it.
class cancel_source {
public:
    cancel_source() noexcept = default;
    cancel_source(cancel_source const&) = delete;
    cancel_source& operator=(cancel_source const&) = delete;

    /// Asks all that runs under this source to end; the first request counts, later ones do nothing. `reason` is what
    /// the operations end with (a deadline gives errc::timed_out).
    void request(error_code reason = errc::cancelled) noexcept;

    /// Whether `request` was called.
    bool requested() const noexcept { return reason_.failed(); }
    /// Empty until requested.
    error_code const& reason() const noexcept { return reason_; }

    /// For the contexts of what runs under this source.
    cancel_token token() noexcept;

private:
    friend class cancel_token;
    error_code reason_;
    detail::intrusive_list<cancel_callback> callbacks_;
};

/// A view of a source (or of none: then nothing is ever cancelled). Copies freely, within the source's lifetime.
class cancel_token {
public:
    cancel_token() noexcept = default;

    /// Whether the source was asked to cancel.
    bool requested() const noexcept { return source_ != nullptr && source_->requested(); }
    /// Why; empty until requested.
    error_code reason() const noexcept { return source_ != nullptr ? source_->reason() : error_code(); }

    /// Has `callback` run on a request to come. Not called for one that was already made: check `requested()` first.
    void attach(cancel_callback& callback) const noexcept {
        if (source_ != nullptr && !source_->requested()) source_->callbacks_.push_back(callback);
    }

private:
    friend class cancel_source;
    explicit cancel_token(cancel_source& s) noexcept : source_(&s) {}
    cancel_source* source_ = nullptr;
};

inline cancel_token cancel_source::token() noexcept { return cancel_token(*this); }

/// A source that is also cancelled when its parent is, for the same reason.
class linked_cancel_source : public cancel_source, private cancel_callback {
public:
    /// The parent's source must outlive this one.
    explicit linked_cancel_source(cancel_token parent) noexcept;

private:
    static void forward(cancel_callback& self) noexcept;
    cancel_token parent_;
};

} // namespace coda
