// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/detail/child.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/this_context.hpp>

/// A place for tasks that run beside the one that starts them and are joined before it goes on. Nothing is detached.
///
///     co_await coda::with_scope([&](coda::scope& s) -> coda::task<> {
///         while (auto client = co_await accept()) s.spawn(serve(std::move(*client)));
///     });
namespace coda {

class scope;
template <class T>
class spawned;

namespace detail {

class spawned_promise;

// The handle's side of the link between a child and the one who may still ask for it: either may go first.
class spawned_base {
public:
    explicit spawned_base(spawned_promise& p) noexcept;
    spawned_base(spawned_base&& other) noexcept;
    spawned_base& operator=(spawned_base&&) = delete;
    ~spawned_base();

protected:
    friend class spawned_promise;
    spawned_promise* promise_;
};

// A child that belongs to its scope while it runs, then to its handle, if there still is one.
class spawned_promise : public child_promise_base, public list_node {
public:
    // Empties its handle; who waits there goes on and sees it.
    void abandon() noexcept {
        if (handle != nullptr) std::exchange(handle, nullptr)->promise_ = nullptr;
        ended.set();
    }

    coda::outcome outcome() const noexcept {
        return failed() ? (failure() ? failure()->outcome() : coda::outcome::unknown) : coda::outcome::completed;
    }

    std::coroutine_handle<> frame;
    spawned_base* handle = nullptr;
    std::optional<linked_cancel_source> source;
    context own_context;
    event ended;
};

template <class T>
class spawned_child {
public:
    class promise_type final : public spawned_promise {
    public:
        promise_type() noexcept { frame = std::coroutine_handle<promise_type>::from_promise(*this); }
        spawned_child get_return_object() noexcept { return {*this}; }
        void return_value(result<T>&& r) {
            if (r.has_error()) failure_.emplace(r.error());
            value.emplace(std::move(r));
        }
        std::optional<result<T>> value;
    };
    promise_type& promise;
};

} // namespace detail

/// Runs any number of children concurrently on one loop. The first child that fails cancels the others; `join` waits
/// for all and reports that failure. Destroyed before it was joined (only an owner that is itself destroyed does that),
/// it destroys the children where they are suspended.
class scope final : private detail::child_owner {
public:
    /// Children inherit `parent` (usually `co_await this_context()`), which must outlive the scope.
    explicit scope(context const& parent) noexcept;
    /// For an object that lives on a loop rather than in a task: children have no parent.
    explicit scope(loop& l) noexcept;
    scope(scope const&) = delete;
    scope& operator=(scope const&) = delete;
    ~scope();

    /// Starts `awaitable` in the loop's next step. The handle may be dropped: the scope joins the child all the same.
    /// After `cancel` the child starts cancelled: its first wait ends at once.
    template <class A>
    spawned<std::remove_cvref_t<detail::value_t<A>>> spawn(A awaitable);

    /// Asks all children, also those to come, to end.
    void cancel(error_code reason = errc::cancelled) noexcept { source_.request(reason); }

    /// Waits until no child is left, then gives the first failure, if any. Children that end as they were
    /// asked to, by `cancel` here or of their handle, do not count as failures. Cannot be cancelled itself: cancelling
    /// the parent cancels the children. An exception of a child that is not coda's is rethrown.
    operation<> join();

    /// Children that have not ended.
    std::size_t size() const noexcept { return running_; }

private:
    void start(detail::spawned_promise& child) noexcept;
    void child_ended(detail::child_promise_base& child) noexcept override;

    linked_cancel_source source_;
    context context_; // what children inherit
    cancel_token parent_;
    detail::intrusive_list<detail::spawned_promise> children_;
    event idle_{true};
    std::optional<error> failure_;
    std::exception_ptr exception_;
    std::size_t running_ = 0;
};

/// A handle to one child of a scope. Dropping it changes nothing; it must outlive its own operations. Where the scope
/// went before the child had ended, they end with errc::closed.
template <class T>
class spawned : private detail::spawned_base {
public:
    using detail::spawned_base::spawned_base;

    /// Waits until the child has ended and gives its value or failure, once (then errc::already_awaited). Cancelling
    /// the wait leaves the child alone.
    operation<T> join();

    /// Asks the child to end and waits until it has; gives what became of it: `completed` where it ended with a value.
    operation<outcome> cancel(error_code reason = errc::cancelled);
};

template <class A>
spawned<std::remove_cvref_t<detail::value_t<A>>> scope::spawn(A awaitable) {
    using value = std::remove_cvref_t<detail::value_t<A>>;
    auto child = detail::run_child<detail::spawned_child<value>>(std::move(awaitable));
    start(child.promise);
    return spawned<value>(child.promise);
}

template <class T>
operation<T> spawned<T>::join() {
    if (this->promise_ == nullptr) co_return detail::failed<T>(errc::closed);
    auto r = co_await as_result(this->promise_->ended.wait());
    if (r.has_error()) co_return detail::failed<T>(r.error());
    if (this->promise_ == nullptr) co_return detail::failed<T>(errc::closed);
    auto& child = static_cast<typename detail::spawned_child<T>::promise_type&>(*this->promise_);
    if (child.exception()) std::rethrow_exception(child.exception());
    if (!child.value) co_return detail::failed<T>(errc::already_awaited);
    auto value = std::move(*child.value);
    child.value.reset();
    co_return std::move(value);
}

template <class T>
operation<outcome> spawned<T>::cancel(error_code reason) {
    context const& parent = co_await this_context(); // first: it may let others run, and with them the scope go
    detail::shielded_context const shielded(parent);
    if (this->promise_ == nullptr) co_return error(errc::closed);
    this->promise_->source->request(reason);
    co_await in_context(shielded.get(), this->promise_->ended.wait());
    if (this->promise_ == nullptr) co_return error(errc::closed);
    co_return this->promise_->outcome();
}

/// Runs `body(scope)` and then joins what it spawned, also when the body throws or is cancelled: its failure cancels
/// the children, and is thrown when they have ended. A child's failure cancels the body and the other children, and is
/// thrown likewise. `body` returns task<>. It is kept until the end and what it captures by reference must live as
/// long, but its locals go when it ends: children must not refer to them. A lambda that captures objects by value needs
/// a name of its own (`with_scope(std::move(body))`): g++ 12 destroys such a temporary twice.
template <class Body>
task<> with_scope(Body body) {
    context const& parent = co_await this_context();
    scope s(parent);
    auto joined = s.join(); // made first: where there is no memory for it, nothing runs yet
    s.spawn(body(s));
    co_await std::move(joined);
}

} // namespace coda
