// SPDX-License-Identifier: BSL-1.0
// Any Asio operation inside a task, on the io_context of the task's own loop.
#include <coda/runtime/asio.hpp>
#include <coda/runtime/asio_loop.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>

#include <boost/asio.hpp>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

namespace runtime_use_task_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;
using coda::errc;
using coda::outcome;
using coda::use_task;

// An operation of our own: calls its handler with what it is given, inside the initiation where `inside`, else later.
template <class Signature, class Token, class... Values>
auto complete_with(asio::io_context& io, bool inside, Token&& token, Values... values) {
    return asio::async_initiate<Token, Signature>(
        [&io, inside](auto handler, auto... v) {
            if (inside) return std::move(handler)(std::move(v)...);
            asio::post(io, [h = std::move(handler), t = std::tuple(std::move(v)...)]() mutable {
                std::apply([&](auto&... each) { std::move(h)(std::move(each)...); }, t);
            });
        },
        token, std::move(values)...);
}

class use_task_with : public ::testing::TestWithParam<bool> {
protected:
    coda::asio_loop loop;
    asio::io_context& io = loop.context();
};
INSTANTIATE_TEST_SUITE_P(, use_task_with, ::testing::Values(false, true), [](auto const& p) {
    return p.param ? "a_handler_called_in_the_initiation" : "a_handler_called_later";
});

TEST_P(use_task_with, values_give_nothing_one_or_a_tuple) {
    auto body = [](asio::io_context& ctx, bool inside) -> coda::task<> {
        co_await complete_with<void()>(ctx, inside, use_task);
        auto const one = co_await complete_with<void(std::string)>(ctx, inside, use_task, std::string(50, 'x'));
        EXPECT_EQ(one, std::string(50, 'x'));
        auto const two = co_await complete_with<void(int, std::string)>(ctx, inside, use_task, 7, std::string("seven"));
        EXPECT_EQ(two, std::tuple(7, std::string("seven")));
        auto const only =
            co_await complete_with<void(std::unique_ptr<int>)>(ctx, inside, use_task, std::make_unique<int>(3));
        EXPECT_EQ(*only, 3);
    };
    loop.run(body(io, GetParam()));
}

TEST_P(use_task_with, error_codes_become_errors) {
    using code = boost::system::error_code;
    auto body = [](asio::io_context& ctx, bool inside) -> coda::task<> {
        co_await complete_with<void(code)>(ctx, inside, use_task, code());
        auto const value = co_await complete_with<void(code, int)>(ctx, inside, use_task, code(), 4);
        EXPECT_EQ(value, 4);
        code const eof = asio::error::eof;
        auto const r = co_await coda::as_result(complete_with<void(code, int)>(ctx, inside, use_task, eof, 4));
        EXPECT_EQ(r.error().code(), eof);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
        bool caught = false;
        try {
            co_await complete_with<void(code)>(ctx, inside, use_task, eof);
        } catch (coda::exception const& e) {
            caught = e.code() == eof;
        }
        EXPECT_TRUE(caught);
        auto const [ec, n] = co_await complete_with<void(code, int)>(ctx, inside, asio::as_tuple(use_task), eof, 4);
        EXPECT_EQ(ec, eof);
        EXPECT_EQ(n, 4);
    };
    loop.run(body(io, GetParam()));
}

TEST_P(use_task_with, exception_pointers_are_rethrown) {
    using signature = void(std::exception_ptr, int);
    auto body = [](asio::io_context& ctx, bool inside) -> coda::task<> {
        auto const value = co_await complete_with<signature>(ctx, inside, use_task, std::exception_ptr(), 4);
        EXPECT_EQ(value, 4);
        auto const ours = std::make_exception_ptr(coda::exception(coda::error(errc::closed)));
        auto const r = co_await coda::as_result(complete_with<signature>(ctx, inside, use_task, ours, 0));
        EXPECT_EQ(r.error().code(), errc::closed);
        bool caught = false;
        auto const other = std::make_exception_ptr(std::out_of_range("far"));
        try {
            co_await complete_with<signature>(ctx, inside, use_task, other, 0);
        } catch (std::out_of_range const&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    };
    loop.run(body(io, GetParam()));
}

TEST(use_task, starts_the_operation_when_it_is_awaited) {
    coda::asio_loop loop;
    asio::steady_timer timer(loop.context(), 1h);
    {
        auto never = timer.async_wait(use_task);
        EXPECT_EQ(timer.cancel(), 0U); // nothing waits
        static_cast<void>(never);
    }
    auto body = [](asio::steady_timer& t) -> coda::task<> {
        t.expires_after(1ms);
        auto wait = t.async_wait(use_task);
        co_await std::move(wait);
    };
    loop.run(body(timer));
}

TEST(use_task, forwards_cancellation_and_gives_its_reason) {
    coda::asio_loop loop;
    auto body = [](asio::io_context& io) -> coda::task<> {
        asio::steady_timer timer(io, 1h);
        auto const r = co_await coda::as_result(coda::with_timeout(1ms, timer.async_wait(use_task)));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
        EXPECT_EQ(timer.cancel(), 0U); // it has ended there too
        coda::scope s(co_await coda::this_context());
        auto waiting = s.spawn(timer.async_wait(use_task));
        co_await coda::yield();
        auto const what = co_await waiting.cancel();
        EXPECT_EQ(what, outcome::unknown);
        co_await s.join();
    };
    loop.run(body(loop.context()));
}

TEST(use_task, cancelled_already_does_not_start_the_operation) {
    coda::asio_loop loop;
    auto body = [](asio::io_context& io) -> coda::task<> {
        asio::steady_timer timer(io, 1h);
        auto const r = co_await coda::as_result(coda::with_timeout(0ms, timer.async_wait(use_task)));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
    };
    loop.run(body(loop.context()));
}

TEST(use_task, keeps_an_operations_own_abort_apart_from_the_contexts) {
    coda::asio_loop loop;
    auto body = [](asio::io_context& io) -> coda::task<> {
        asio::steady_timer timer(io, 1h);
        asio::post(io, [&] { timer.cancel(); });
        auto const r = co_await coda::as_result(timer.async_wait(use_task));
        EXPECT_EQ(r.error().code(), asio::error::operation_aborted);
    };
    loop.run(body(loop.context()));
}

TEST(use_task, gives_the_value_that_comes_although_cancellation_was_asked_for) {
    coda::asio_loop loop;
    auto body = [](asio::io_context& io) -> coda::task<> {
        coda::cancel_source stop;
        asio::steady_timer expired(io, 0s);
        // The timer has expired and its handler is on the way when the request comes.
        coda::scope s(co_await coda::this_context());
        auto waiting = s.spawn(coda::as_result(coda::with_cancellation(stop.token(), expired.async_wait(use_task))));
        co_await coda::yield();
        co_await coda::sleep_for(1ms);
        stop.request();
        auto const r = co_await waiting.join();
        EXPECT_TRUE(r.has_value());
        co_await s.join();
    };
    loop.run(body(loop.context()));
}

TEST(use_task, destroyed_while_it_waits_ends_the_operation) {
    coda::asio_loop loop;
    asio::steady_timer timer(loop.context(), 1h);
    auto body = [](asio::steady_timer& t, coda::loop& l) -> coda::task<> {
        l.post([&l] { l.stop(); });
        co_await t.async_wait(use_task);
    };
    EXPECT_THROW(loop.run(body(timer, loop)), coda::exception);
    EXPECT_EQ(timer.cancel(), 0U);
}

TEST(use_task, ends_with_closed_when_the_handler_is_destroyed_uncalled) {
    coda::asio_loop loop;
    auto body = [](asio::io_context& io) -> coda::task<> {
        auto drops = [&io](auto handler) {
            asio::post(io, [h = std::make_shared<decltype(handler)>(std::move(handler))]() mutable { h.reset(); });
        };
        auto op = asio::async_initiate<decltype(use_task), void(int)>(drops, use_task);
        auto const r = co_await coda::as_result(std::move(op));
        EXPECT_EQ(r.error().code(), errc::closed);
    };
    loop.run(body(loop.context()));
}

TEST(use_task, carries_whole_conversations) {
    coda::asio_loop loop;
    tcp::acceptor acceptor(loop.context(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    auto serve = [](tcp::acceptor& a) -> coda::task<> {
        auto socket = co_await a.async_accept(use_task);
        std::string line;
        for (;;) {
            auto const n =
                co_await coda::as_result(asio::async_read_until(socket, asio::dynamic_buffer(line), '\n', use_task));
            if (n.has_error()) {
                EXPECT_EQ(n.error().code(), asio::error::eof);
                co_return;
            }
            co_await asio::async_write(socket, asio::buffer(line.data(), *n), use_task);
            line.erase(0, *n);
        }
    };
    auto ask = [](asio::io_context& io, tcp::endpoint where) -> coda::task<int> {
        tcp::socket socket(io);
        co_await socket.async_connect(where, use_task);
        std::string reply;
        int good = 0;
        for (int i = 0; i < 100; ++i) {
            std::string const line = std::string(static_cast<std::size_t>(i) * 37, 'a') + "\n";
            co_await asio::async_write(socket, asio::buffer(line), use_task);
            auto const n = co_await asio::async_read_until(socket, asio::dynamic_buffer(reply), '\n', use_task);
            good += reply.substr(0, n) == line;
            reply.erase(0, n);
        }
        co_return good;
    };
    auto body = [&]() -> coda::task<int> {
        coda::scope s(co_await coda::this_context());
        s.spawn(serve(acceptor));
        auto const good = co_await ask(loop.context(), acceptor.local_endpoint());
        co_await s.join();
        co_return good;
    };
    EXPECT_EQ(loop.run(body()), 100);
}

} // namespace runtime_use_task_test
