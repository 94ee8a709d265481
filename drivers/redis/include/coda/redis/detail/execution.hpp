// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/redis/detail/arguments.hpp>
#include <coda/redis/detail/extract.hpp>
#include <coda/runtime/detail/awaitable.hpp>
#include <coda/runtime/pipelined_connection.hpp>

namespace coda::redis::detail {

class session;

// The wait below all commands: sends one on a session, which hands it the reply while that is still where it was read.
// The command's arrays and texts must outlive it.
class execution : public pipelined_request {
public:
    using take_function = void (*)(execution& self, reply_view reply) noexcept;

    execution(session* on, command_view const& command, when_left what, take_function take) noexcept;

protected:
    // Why there is no value; only where there is none.
    std::optional<error> failure_;

    // Runs `read(error&)`, which gives false with the reason. No exception passes the C library that calls.
    template <class Read>
    void take_with(reply_view reply, Read read) noexcept {
        error why;
        try {
            if (reply.kind() == reply_kind::error)
                failure_ = server_failure(reply.text());
            else if (!read(why))
                failure_ = std::move(why);
        } catch (...) {
            failure_ = out_of_memory();
        }
    }

private:
    friend class session;

    static error out_of_memory() noexcept;

    command_view command_;
    take_function take_;
};

template <class T>
class typed_execution final : public execution {
public:
    typed_execution(session* on, command_view const& command, when_left what) noexcept
        : execution(on, command, what, &take_reply) {}

    result<T> await_result() {
        if (failed()) return coda::detail::failed<T>(*failed());
        if (failure_) return coda::detail::failed<T>(*failure_);
        return result<T>(boost::system::in_place_value, std::move(value_));
    }
    T await_resume() { return coda::detail::value_or_throw(await_result()); }

private:
    static void take_reply(execution& self, reply_view reply) noexcept {
        auto& e = static_cast<typed_execution&>(self);
        e.take_with(reply, [&](error& why) { return read_as(reply, e.value_, why); });
    }

    T value_{};
};

// Any status will do: OK, or QUEUED within a transaction.
template <>
class typed_execution<void> final : public execution {
public:
    typed_execution(session* on, command_view const& command, when_left what) noexcept
        : execution(on, command, what, &take_reply) {}

    result<> await_result() const {
        if (failed()) return *failed();
        if (failure_) return *failure_;
        return {};
    }
    void await_resume() const { coda::detail::value_or_throw(await_result()); }

private:
    static void take_reply(execution& self, reply_view reply) noexcept {
        auto& e = static_cast<typed_execution&>(self);
        e.take_with(reply,
                    [&](error& why) { return reply.kind() == reply_kind::status || mismatch("a status", reply, why); });
    }
};

// Awaitable of an execution; made in place where it is awaited.
template <class T>
struct [[nodiscard]] execute_on {
    session* on;
    command_view const& command;
    when_left what;
    typed_execution<T> operator co_await() const noexcept { return {on, command, what}; }
};

} // namespace coda::redis::detail
