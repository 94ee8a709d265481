// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>

#include <exception>
#include <memory>
#include <optional>

/// A sequence that is made while it is read: rows, cursors, notifications, subscriptions, change streams.
///
///     coda::stream<row> rows() { ...; co_await ...; co_yield r; }
///     auto all = rows();
///     while (auto r = co_await all.next()) use(*r);
namespace coda {

/// A coroutine that yields values and may await between them. Lazy: it runs only inside `next`, on the reader's loop
/// and in its context. Move-only. One loop only. Destroyed early, it destroys the body where it is suspended, which
/// releases what it holds; a reader that waits meanwhile gets errc::closed.
///
/// In the body:
/// - `co_yield value` gives a value; `co_yield coda::error(...)`, or a result<T> that holds one, ends the stream with
///   it, without throwing: the body is not resumed, only destroyed. What it throws comes out of `next`.
/// - Each `next` brings its own context: cancellation and deadlines reach what the body awaits during that call. What
///   `this_context()` refers to, and a scope made from it, must not be kept across a `co_yield`.
/// - g++ 12 destroys an aggregate twice that is written inside a yield (`co_yield row{1, name}`): where T is one with
///   non-trivial members, name the value first and move it in.
/// Parameters live in the frame; what they refer to must outlive the stream. Making the frame may throw std::bad_alloc,
/// at the call.
template <class T>
class [[nodiscard]] stream {
    static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>, "a stream gives values that can be moved");

public:
    class promise_type;
    class next_awaiter;
    struct [[nodiscard]] next_awaitable {
        stream& s;
        next_awaiter operator co_await() const noexcept { return next_awaiter(s); }
    };
    using value_type = T;

    /// May be moved while it is read.
    stream(stream&& other) noexcept
        : handle_(std::exchange(other.handle_, {})), reader_(std::exchange(other.reader_, nullptr)) {
        if (reader_ != nullptr) reader_->stream_ = this;
    }
    stream& operator=(stream&& other) noexcept {
        if (this == &other) return *this;
        std::destroy_at(this);
        return *std::construct_at(this, std::move(other));
    }
    ~stream() {
        if (reader_ != nullptr) std::exchange(reader_, nullptr)->lose_stream();
        destroy_body();
    }

    /// Gives the next value, or std::nullopt at the end and ever after. Throws, or gives as a result, the error that
    /// the body ends with, once; the body is destroyed as soon as its end is told. While another `next` is outstanding:
    /// errc::already_awaited. Cancelled by its context through what the body waits for; the body decides whether that
    /// ends the stream. A reader that is destroyed while the body runs ends the stream; a value it did not take is
    /// given to the next.
    next_awaitable next() noexcept { return {*this}; }

private:
    friend promise_type;
    explicit stream(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}

    void destroy_body() noexcept {
        if (handle_) std::exchange(handle_, {}).destroy();
    }
    // The body has suspended at a value or at its end.
    bool settled() const noexcept { return handle_.promise().settled() || handle_.done(); }
    void forget_reader() noexcept;
    result<std::optional<T>> take();

    std::coroutine_handle<promise_type> handle_; // empty once the end is told
    next_awaiter* reader_ = nullptr;
};

template <class T>
class stream<T>::promise_type final : public detail::promise_base {
    struct to_reader {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) const noexcept {
            auto& promise = h.promise();
            if (!promise.ctx->loop->spend_budget()) return promise.continuation;
            promise.yield(promise.continuation);
            return std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };

public:
    stream get_return_object() noexcept { return stream(std::coroutine_handle<promise_type>::from_promise(*this)); }
    to_reader final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { exception = std::current_exception(); }

    template <class U = T>
        requires std::is_constructible_v<T, U&&>
    to_reader yield_value(U&& v) {
        value.emplace(std::forward<U>(v));
        return {};
    }
    to_reader yield_value(error e) noexcept {
        failure = std::move(e);
        return {};
    }
    template <class R>
        requires std::is_same_v<std::remove_cvref_t<R>, result<T>>
    to_reader yield_value(R&& r) {
        if (r.has_error()) return yield_value(error(std::forward<R>(r).error()));
        return yield_value(*std::forward<R>(r));
    }

    bool settled() const noexcept { return value || failure; }

    std::coroutine_handle<> continuation;
    std::optional<T> value;
    std::optional<error> failure;
    std::exception_ptr exception;
};

template <class T>
class stream<T>::next_awaiter : private resumption {
public:
    explicit next_awaiter(stream& s) noexcept : stream_(&s) {}
    ~next_awaiter() {
        if (reads_) stream_->forget_reader();
    }

    bool await_ready() noexcept {
        if (stream_->reader_ != nullptr) {
            failure_ = errc::already_awaited;
        } else if (stream_->handle_) {
            stream_->reader_ = this;
            reads_ = true;
        }
        return !reads_ || stream_->settled();
    }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        handle = h;
        auto& body = stream_->handle_.promise();
        body.ctx = ctx;
        body.continuation = h;
        if (!ctx->loop->spend_budget()) return stream_->handle_;
        body.yield(stream_->handle_);
        return std::noop_coroutine();
    }
    std::optional<T> await_resume() { return detail::value_or_throw(await_result()); }
    result<std::optional<T>> await_result() {
        if (failure_) return error(failure_);
        if (!std::exchange(reads_, false)) return {boost::system::in_place_value, std::nullopt};
        return stream_->take();
    }

private:
    friend class stream;

    // Suspended, it goes on; else it is about to anyway.
    void lose_stream() noexcept {
        reads_ = false;
        failure_ = errc::closed;
        if (handle) stream_->handle_.promise().ctx->loop->schedule(*this);
    }

    stream* stream_;
    error_code failure_;
    bool reads_ = false;
};

template <class T>
void stream<T>::forget_reader() noexcept {
    reader_ = nullptr;
    if (!settled()) return destroy_body(); // it waits, in a context that ends with the reader
    handle_.promise().ready.unlink();
}

template <class T>
result<std::optional<T>> stream<T>::take() {
    reader_ = nullptr;
    auto& body = handle_.promise();
    if (body.value) {
        result<std::optional<T>> r(boost::system::in_place_value, std::move(*body.value));
        body.value.reset();
        return r;
    }
    auto failure = std::move(body.failure);
    auto const exception = std::move(body.exception);
    destroy_body();
    if (failure) return std::move(*failure);
    if (!exception) return {boost::system::in_place_value, std::nullopt};
    try {
        std::rethrow_exception(exception);
    } catch (coda::exception const& e) {
        return e.error();
    }
}

} // namespace coda
