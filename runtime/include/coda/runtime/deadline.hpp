// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/this_context.hpp>

#include <memory>
#include <optional>
#include <stop_token>

/// Bounds and changes of the context for one awaitable: deadlines, cancellation from elsewhere, shielding, tracing.
///
///     co_await coda::with_timeout(250ms, transfer(db, from, to, cents));   // inherited by all that runs below
///
/// Each gives `operation<T>` for operations and the runtime's waits, `task<T>` for tasks. The awaitable is moved in.
namespace coda {

namespace detail {

// A context with a deadline of its own: when it passes, all that runs below is cancelled with errc::timed_out.
class deadline_context {
public:
    deadline_context(context const& parent, time_point deadline) noexcept;
    context const& get() const noexcept { return context_; }

private:
    class expiry : public timer {
    public:
        explicit expiry(cancel_source& s) noexcept
            : timer([](timer& t) noexcept { static_cast<expiry&>(t).source_.request(errc::timed_out); }), source_(s) {}

    private:
        cancel_source& source_;
    };

    linked_cancel_source source_;
    context context_;
    expiry expiry_;
};

// A context that is cancelled with its parent and also with another token.
class joint_cancel_context {
public:
    joint_cancel_context(context const& parent, cancel_token other) noexcept;
    context const& get() const noexcept { return context_; }

private:
    struct link : cancel_callback {
        link(cancel_source& s, cancel_token t) noexcept : cancel_callback(&forward), source(s), token(t) {}
        static void forward(cancel_callback& self) noexcept {
            auto& l = static_cast<link&>(self);
            l.source.request(l.token.reason());
        }
        cancel_source& source;
        cancel_token token;
    };

    linked_cancel_source source_;
    context context_;
    link other_;
};

// A context that is cancelled with its parent and also by a std::stop_token, whose request comes from any thread.
class stop_token_context {
public:
    stop_token_context(context const& parent, std::stop_token token);
    ~stop_token_context();
    context const& get() const noexcept { return context_; }

private:
    // Shared with requests under way between the threads; empty once the context is gone.
    struct link {
        coda::loop& loop;
        cancel_source* source;
    };
    struct request {
        std::shared_ptr<link> to;
        void operator()() const;
    };

    linked_cancel_source source_;
    context context_;
    std::shared_ptr<link> link_;
    std::optional<std::stop_callback<request>> callback_;
};

// A context that neither a request nor a deadline from above reaches.
class shielded_context {
public:
    explicit shielded_context(context const& parent) noexcept : context_{parent.loop, {}, no_deadline, parent.trace} {}
    context const& get() const noexcept { return context_; }

private:
    context context_;
};

// A context whose requests go on into a new span.
class traced_context {
public:
    traced_context(context const& parent, trace_context const& trace) noexcept : trace_(trace), context_(parent) {
        context_.trace = &trace_;
    }
    context const& get() const noexcept { return context_; }

private:
    trace_context trace_;
    context context_;
};

// Runs `a` in the context that `make(parent)` builds; operation<T> or task<T> by what `a` is.
template <class Make, class A>
    requires has_result<A>
operation<result_value_t<A>> in_new_context(Make make, A a) {
    context const& parent = co_await this_context();
    auto child = make(parent);
    auto r = co_await in_context(child.get(), as_result(std::move(a)));
    co_return std::move(r);
}

template <class Make, class A>
    requires(!has_result<A>)
task<std::remove_cvref_t<value_t<A>>> in_new_context(Make make, A a) {
    context const& parent = co_await this_context();
    auto child = make(parent);
    co_return co_await in_context(child.get(), std::move(a));
}

} // namespace detail

/// Runs `a` with a deadline `d` from now, or the inherited one if that is earlier. When it passes, what `a` waits for
/// ends with errc::timed_out; `a` is joined, and a value it still gives is given. Zero or less: timed out from the
/// start.
template <class A>
auto with_timeout(duration d, A a) {
    return detail::in_new_context(
        [d](context const& parent) {
            time_point const now = parent.loop->now();
            return detail::deadline_context(parent, d < no_deadline - now ? now + d : no_deadline);
        },
        std::move(a));
}

/// The same with a moment on the loop's clock.
template <class A>
auto with_deadline(time_point deadline, A a) {
    return detail::in_new_context(
        [deadline](context const& parent) { return detail::deadline_context(parent, deadline); }, std::move(a));
}

/// The deadline of the next of `left` attempts in a row, each of which has an even share of the time until `latest`.
inline time_point fair_share(time_point now, time_point latest, std::size_t left) noexcept {
    if (latest == no_deadline || latest <= now || left <= 1) return latest;
    return now + (latest - now) / static_cast<duration::rep>(left);
}

/// Whether what ran under a share of the time of the context `here` ended because of that share: there is time for
/// more.
inline bool share_ended(error const& e, context const& here) noexcept {
    return e.code() == errc::timed_out && !here.cancel.requested() && here.loop->now() < here.deadline;
}

/// Runs `a` so that a request on `token`'s source (of the same loop) cancels it too, with that request's reason.
template <class A>
auto with_cancellation(cancel_token token, A a) {
    return detail::in_new_context(
        [token](context const& parent) { return detail::joint_cancel_context(parent, token); }, std::move(a));
}

/// Runs `a` so that a stop requested through `token`, from any thread, cancels it too.
template <class A>
auto with_stop_token(std::stop_token token, A a) {
    auto make = [token = std::move(token)](context const& parent) { return detail::stop_token_context(parent, token); };
    return detail::in_new_context(std::move(make), std::move(a));
}

/// Runs `a` to its end whatever happens above: neither cancellation nor deadline reach it. For clean-up that must be
/// done; give it a bound of its own by `shield(with_timeout(...))`.
template <class A>
auto shield(A a) {
    return detail::in_new_context([](context const& parent) { return detail::shielded_context(parent); }, std::move(a));
}

/// Runs `a` as part of `trace`, which is copied.
template <class A>
auto with_trace(trace_context trace, A a) {
    return detail::in_new_context([trace](context const& parent) { return detail::traced_context(parent, trace); },
                                  std::move(a));
}

} // namespace coda
