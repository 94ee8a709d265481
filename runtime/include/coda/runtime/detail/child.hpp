// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>

#include <optional>

namespace coda::detail {

class child_promise_base;

// Who is told that a child has ended: a group (when_all, when_any), a scope, the loop's run.
class child_owner {
public:
    // Called when the child has ended and is suspended for good. It may destroy the child.
    virtual void child_ended(child_promise_base& child) noexcept = 0;

protected:
    ~child_owner() = default;
};

// The part of a child that does not depend on its type.
class child_promise_base : public promise_base {
public:
    // Begins in the loop's next step: nobody is run from inside the one who starts him.
    void start(std::coroutine_handle<> h, context const& c, child_owner& o) noexcept {
        owner = &o;
        ctx = &c;
        yield(h);
    }

    auto final_suspend() const noexcept { return report_to_owner{}; }
    void unhandled_exception() noexcept { exception_ = std::current_exception(); }

    bool failed() const noexcept { return failure_.has_value() || exception_ != nullptr; }
    std::optional<error> const& failure() const noexcept { return failure_; }
    std::exception_ptr const& exception() const noexcept { return exception_; }

    // The failure as an error; what is not coda's own exception is thrown.
    error failure_or_throw() const {
        if (failure_) return *failure_;
        std::rethrow_exception(exception_);
    }

    // Whether it failed with this code, as an error or as coda's exception.
    bool ended_with(error_code const& code) const noexcept;

    child_owner* owner = nullptr;

protected:
    std::optional<error> failure_;
    std::exception_ptr exception_;

private:
    struct report_to_owner {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> h) const noexcept {
            h.promise().owner->child_ended(h.promise());
        }
        void await_resume() const noexcept {}
    };
};

// A value where void would not do.
template <class T>
using regular_t = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

// A coroutine that awaits one awaitable and reports its end. Owns its frame.
template <class T>
class child {
public:
    class promise_type final : public child_promise_base {
    public:
        child get_return_object() noexcept { return child(std::coroutine_handle<promise_type>::from_promise(*this)); }
        void return_value(result<T>&& r) {
            if (r.has_error())
                failure_.emplace(std::move(r).error());
            else if constexpr (std::is_void_v<T>)
                value_.emplace();
            else
                value_.emplace(std::move(r).value());
        }
        regular_t<T> take() { return std::move(*value_); }

    private:
        std::optional<regular_t<T>> value_;
    };

    child(child&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    child& operator=(child&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~child() {
        if (handle_) handle_.destroy();
    }

    void start(context const& ctx, child_owner& owner) noexcept { handle_.promise().start(handle_, ctx, owner); }
    promise_type& promise() const noexcept { return handle_.promise(); }
    // The value of a child that ended without failure.
    regular_t<T> take() { return handle_.promise().take(); }

private:
    explicit child(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
    std::coroutine_handle<promise_type> handle_;
};

template <class A>
using child_value_t = std::remove_cvref_t<value_t<A>>;

// The body of every child. `Child` is the coroutine's type: child<T>, or a scope's own.
template <class Child, class A>
Child run_child(A a) {
    using value = child_value_t<A>;
    if constexpr (has_result<A>) {
        auto r = co_await as_result(std::move(a));
        co_return std::move(r);
    } else if constexpr (std::is_void_v<value>) {
        co_await std::move(a);
        co_return result<>();
    } else {
        co_return result<value>(boost::system::in_place_value, co_await std::move(a));
    }
}

template <class A>
using child_of = child<child_value_t<A>>;

// Children that are joined together; the first that ends as `Decides` says cancels the rest.
class group final : public child_owner {
public:
    enum class decided_by { first_failure, first_end };

    group(context const& parent, decided_by rule) noexcept : source_(parent.cancel), context_(parent), rule_(rule) {
        context_.cancel = source_.token();
    }

    template <class T>
    void start(child<T>& c) noexcept {
        ++running_;
        c.start(context_, *this);
    }

    // Waits until every child has ended. Cannot be cancelled: who cancels, cancels the children.
    auto join() noexcept {
        struct awaiter {
            group& g;
            bool await_ready() const noexcept { return g.running_ == 0; }
            void await_suspend(std::coroutine_handle<> h) const noexcept { g.joiner_.handle = h; }
            void await_suspend(std::coroutine_handle<> h, context const*) const noexcept { await_suspend(h); }
            void await_resume() const noexcept {}
        };
        return awaiter{*this};
    }

    // The child that decided, or nullptr.
    child_promise_base* decider() const noexcept { return decider_; }

private:
    void child_ended(child_promise_base& c) noexcept override {
        if (decider_ == nullptr && (rule_ == decided_by::first_end || c.failed())) {
            decider_ = &c;
            source_.request();
        }
        if (--running_ == 0 && joiner_.handle) context_.loop->schedule(joiner_);
    }

    linked_cancel_source source_;
    context context_;
    resumption joiner_;
    child_promise_base* decider_ = nullptr;
    std::size_t running_ = 0;
    decided_by rule_;
};

} // namespace coda::detail
