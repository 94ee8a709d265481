// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/waiter.hpp>

#include <cstddef>
#include <optional>
#include <vector>

/// A bounded queue between tasks of one loop: who sends into a full one waits, and so slows down to the receivers'
/// pace.
///
///     coda::channel<job> jobs(16);
///     co_await jobs.send(std::move(j));
///     while (auto j = co_await jobs.receive()) ...     // until jobs.close()
namespace coda {

/// Any number of senders and receivers; values, senders and receivers are served first in, first out. One loop only.
/// Must outlive its waiters. The room for the values is allocated once. Moving a T must not throw.
///
/// g++ 12 destroys an aggregate twice that is written inside an await (`co_await c.send(job{1, name})`): where T is an
/// aggregate with non-trivial members, name the value first and move it in.
template <class T>
class channel {
    static_assert(std::is_object_v<T> && std::is_nothrow_move_constructible_v<T>, "a value must move without throwing");

public:
    /// Room for `capacity` values, one or more; else throws `exception` (errc::invalid_argument).
    explicit channel(std::size_t capacity) : ring_(checked(capacity)) {}
    channel(channel const&) = delete;
    channel& operator=(channel const&) = delete;

    class send_awaiter;
    class send_awaitable;
    struct send_from_awaitable;
    class receive_awaiter;
    struct receive_awaitable;

    /// Waits until there is room, then the value is in. Ends with errc::closed when the channel is or gets closed, and
    /// when cancelled by its context with the reason (errc::cancelled, errc::timed_out): then the value was not sent,
    /// and is destroyed with the send. To keep such a value use `send_from`.
    send_awaitable send(T value) noexcept { return send_awaitable(*this, std::move(value)); }

    /// The same, but `value` is moved from only if and when it is sent: after a failure it is untouched. It must
    /// outlive the await and be left alone meanwhile.
    send_from_awaitable send_from(T& value) noexcept { return {*this, value}; }

    /// Sends without waiting; errc::queue_full or errc::closed where it cannot. `value` is moved from only when it is
    /// sent.
    result<> try_send(T&& value) noexcept {
        if (closed_) return error(errc::closed);
        if (!try_put(value)) return error(errc::queue_full);
        return {};
    }

    /// Waits for a value; gives std::nullopt once the channel is closed and drained. Cancelled by its context while it
    /// waits: ends with the reason. A value granted to a receiver that is gone before it took it goes to the next.
    receive_awaitable receive() noexcept { return {*this}; }

    /// Receives without waiting; nothing where there is no value that is not for an older receiver.
    std::optional<T> try_receive() noexcept {
        if (!can_receive_at_once()) return std::nullopt;
        ++granted_;
        return take();
    }

    /// No more values: senders, also those that wait, fail with errc::closed; receivers get what is in there and then
    /// std::nullopt. A second time does nothing.
    void close() noexcept {
        closed_ = true;
        senders_.fail_all(errc::closed);
        serve_receivers();
    }

    /// Whether `close` was called; there may still be values to receive.
    bool closed() const noexcept { return closed_; }
    /// Values in there, with those that a woken receiver is about to take.
    std::size_t size() const noexcept { return size_; }
    /// For how many values there is room.
    std::size_t capacity() const noexcept { return ring_.size(); }

private:
    static std::size_t checked(std::size_t capacity) {
        if (capacity > 0) return capacity;
        throw exception(error(make_error_code(errc::invalid_argument), "channel: capacity must be at least 1"));
    }

    bool drained() const noexcept { return closed_ && size_ == 0; }
    bool can_receive_at_once() const noexcept { return granted_ == 0 && size_ > 0; }

    std::size_t wrapped(std::size_t i) const noexcept { return i < ring_.size() ? i : i - ring_.size(); }
    void push(T& value) noexcept { ring_[wrapped(first_ + size_++)].emplace(std::move(value)); }
    T pop() noexcept {
        std::optional<T>& slot = ring_[first_];
        T value = std::move(*slot);
        slot.reset();
        first_ = wrapped(first_ + 1);
        --size_;
        return value;
    }

    // Senders wait only while it is full, so there is nobody to pass by.
    bool try_put(T& value) noexcept {
        if (size_ == ring_.size()) return false;
        push(value);
        serve_receivers();
        return true;
    }

    // A granted value stays in its place until its receiver runs: it cannot get lost, and receivers take in the order
    // they were granted.
    void serve_receivers() noexcept {
        while (!receivers_.empty() && size_ > granted_) {
            auto& oldest = static_cast<receive_awaiter&>(receivers_.front());
            oldest.grant();
            oldest.wake();
        }
        if (drained()) receivers_.wake_all();
    }

    T take() noexcept {
        T value = pop();
        --granted_;
        if (!senders_.empty()) {
            auto& oldest = static_cast<send_awaiter&>(senders_.front());
            push(oldest.value_);
            oldest.wake();
        }
        serve_receivers();
        return value;
    }

    void give_back() noexcept {
        --granted_;
        serve_receivers();
    }

    std::vector<std::optional<T>> ring_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::size_t granted_ = 0; // of the values, those that woken receivers are about to take
    wait_queue senders_;
    wait_queue receivers_;
    bool closed_ = false;
};

template <class T>
class channel<T>::send_awaiter : public void_waiter {
public:
    send_awaiter(channel& c, T& value) noexcept : channel_(c), value_(value) {}

    bool await_ready() noexcept {
        if (channel_.closed_) this->set_failure(errc::closed);
        return channel_.closed_ || channel_.try_put(value_);
    }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        return channel_.senders_.suspend(*this, h, ctx);
    }

private:
    friend class channel;
    channel& channel_;
    T& value_;
};

// Has a constructor for g++ 12's sake, as every awaitable must that holds something non-trivial.
template <class T>
class [[nodiscard]] channel<T>::send_awaitable {
public:
    send_awaitable(channel& c, T&& value) noexcept : channel_(c), value_(std::move(value)) {}
    send_awaiter operator co_await() && noexcept { return send_awaiter(channel_, value_); }

private:
    channel& channel_;
    T value_;
};

template <class T>
struct [[nodiscard]] channel<T>::send_from_awaitable {
    channel& c;
    T& value;
    send_awaiter operator co_await() const noexcept { return send_awaiter(c, value); }
};

template <class T>
class channel<T>::receive_awaiter : public waiter {
public:
    explicit receive_awaiter(channel& c) noexcept : channel_(c) {}
    ~receive_awaiter() {
        if (granted_) channel_.give_back();
    }

    bool await_ready() noexcept {
        if (channel_.can_receive_at_once()) grant();
        return granted_ || channel_.drained();
    }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        if (!channel_.receivers_.suspend(*this, h, ctx)) return false;
        channel_.serve_receivers();
        return true;
    }
    std::optional<T> await_resume() { return detail::value_or_throw(await_result()); }
    result<std::optional<T>> await_result() noexcept {
        if (this->failure()) return error(this->failure());
        std::optional<T> value;
        if (std::exchange(granted_, false)) value.emplace(channel_.take());
        return {boost::system::in_place_value, std::move(value)};
    }

private:
    friend class channel;

    void grant() noexcept {
        granted_ = true;
        ++channel_.granted_;
    }

    channel& channel_;
    bool granted_ = false;
};

template <class T>
struct [[nodiscard]] channel<T>::receive_awaitable {
    channel& c;
    receive_awaiter operator co_await() const noexcept { return receive_awaiter(c); }
};

} // namespace coda
