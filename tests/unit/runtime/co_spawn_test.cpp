// SPDX-License-Identifier: BSL-1.0
// Tasks run from Asio, on io_contexts that the user runs.
#include <coda/runtime/asio.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/this_context.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>

namespace runtime_co_spawn_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using asio::ip::tcp;
using coda::errc;

coda::task<int> twice(int x) {
    co_await coda::sleep_for(1ms);
    co_return 2 * x;
}
coda::task<> nothing() { co_await coda::yield(); }
coda::task<int> throws() {
    co_await coda::yield();
    throw std::out_of_range("far");
}
coda::operation<int> fails() { co_return coda::error(errc::connection_lost); }

coda::task<> wait_until_cancelled(std::optional<coda::error_code>& reason) {
    coda::event never;
    auto const r = co_await coda::as_result(never.wait());
    reason = r.error().code();
    co_await coda::shield(coda::sleep_for(2ms)); // it is joined
    throw coda::exception(r.error());
}

TEST(co_spawn, completes_a_callback) {
    asio::io_context io;
    std::optional<int> got;
    bool inside = true;
    coda::co_spawn(io, twice(21), [&](std::exception_ptr e, int v) {
        EXPECT_EQ(e, nullptr);
        EXPECT_FALSE(inside);
        got = v;
    });
    inside = false;
    io.run(); // ends by itself
    EXPECT_EQ(got, 42);
}

TEST(co_spawn, completes_a_future) {
    asio::io_context io;
    auto value = coda::co_spawn(io, twice(21), asio::use_future);
    auto done = coda::co_spawn(io, nothing(), asio::use_future);
    auto thrown = coda::co_spawn(io, throws(), asio::use_future);
    auto failed = coda::co_spawn(io, fails(), asio::use_future);
    io.run();
    EXPECT_EQ(value.get(), 42);
    done.get();
    EXPECT_THROW(thrown.get(), std::out_of_range);
    try {
        failed.get();
        FAIL();
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), errc::connection_lost);
    }
}

TEST(co_spawn, completes_an_awaitable) {
    asio::io_context io;
    auto session = []() -> asio::awaitable<int> {
        auto const ex = co_await asio::this_coro::executor;
        int const a = co_await coda::co_spawn(ex, twice(4), asio::use_awaitable);
        co_await coda::co_spawn(ex, nothing(), asio::use_awaitable);
        bool caught = false;
        try {
            co_await coda::co_spawn(ex, throws(), asio::use_awaitable);
        } catch (std::out_of_range const&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
        co_return a;
    };
    auto result = asio::co_spawn(io, session(), asio::use_future);
    io.run();
    EXPECT_EQ(result.get(), 8);
}

TEST(co_spawn, takes_detached_and_deferred) {
    asio::io_context io;
    bool ran = false;
    auto sets = [](bool& r) -> coda::task<> {
        co_await coda::yield();
        r = true;
    };
    coda::co_spawn(io, sets(ran), asio::detached);
    std::optional<int> later;
    auto op = coda::co_spawn(io, twice(3), asio::deferred);
    io.run();
    EXPECT_TRUE(ran);
    std::move(op)([&](std::exception_ptr, int v) { later = v; });
    io.restart();
    io.run();
    EXPECT_EQ(later, 6);
}

TEST(co_spawn, never_awaited_or_never_run_releases_the_task_and_the_handler) {
    auto const held = std::make_shared<int>();
    auto holds = [](std::shared_ptr<int> h) -> coda::task<> {
        co_await coda::sleep_for(1h);
        h.reset();
    };
    {
        asio::io_context io;
        static_cast<void>(coda::co_spawn(io, holds(held), asio::deferred));
        EXPECT_EQ(held.use_count(), 1);
        coda::co_spawn(io, holds(held), [held](std::exception_ptr) { ADD_FAILURE(); });
        EXPECT_EQ(held.use_count(), 3);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(co_spawn, destroys_suspended_tasks_with_the_io_context) {
    auto const held = std::make_shared<int>();
    auto holds = [](std::shared_ptr<int> h, asio::io_context& io) -> coda::task<> {
        asio::post(io, [&io] { io.stop(); });
        co_await coda::with_timeout(1h, coda::sleep_for(2h));
        h.reset();
    };
    auto reads = [](std::shared_ptr<int> h, asio::io_context& io) -> coda::task<> {
        asio::steady_timer timer(io, 1h);
        co_await timer.async_wait(coda::use_task);
        h.reset();
    };
    {
        asio::io_context io;
        coda::co_spawn(io, reads(held, io), [held](std::exception_ptr) { ADD_FAILURE(); });
        coda::co_spawn(io, holds(held, io), [held](std::exception_ptr) { ADD_FAILURE(); });
        io.run();
        EXPECT_EQ(held.use_count(), 5);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(co_spawn, keeps_the_io_context_running_while_a_task_waits_and_no_longer) {
    asio::io_context io;
    coda::event* waiting = nullptr;
    auto waits = [](coda::event*& e) -> coda::task<> {
        coda::event mine;
        e = &mine;
        // The deadline's timer must not keep the io_context once the task has ended.
        co_await coda::with_timeout(1h, mine.wait());
    };
    bool ended = false;
    coda::co_spawn(io, waits(waiting), [&](std::exception_ptr e) { ended = e == nullptr; });
    while (waiting == nullptr) ASSERT_EQ(io.run_one(), 1U);
    while (io.poll_one() != 0) {}
    EXPECT_FALSE(io.stopped());
    asio::post(io, [&] { waiting->set(); });
    io.run();
    EXPECT_TRUE(ended);
}

TEST(co_spawn, cancelled_through_the_handlers_slot_joins_the_task) {
    asio::io_context io;
    asio::cancellation_signal stop;
    std::optional<coda::error_code> seen;
    bool completed = false;
    coda::co_spawn(io, wait_until_cancelled(seen), asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e) {
                       completed = true;
                       EXPECT_NE(e, nullptr);
                       EXPECT_TRUE(seen.has_value());
                   }));
    asio::post(io, [&] { stop.emit(asio::cancellation_type::terminal); });
    io.run();
    EXPECT_TRUE(completed);
    EXPECT_EQ(seen, coda::error_code(errc::cancelled));
    EXPECT_FALSE(stop.slot().has_handler());
}

TEST(co_spawn, is_cancelled_by_asios_awaitable_operators) {
    asio::io_context io;
    std::optional<coda::error_code> seen;
    auto session = [&]() -> asio::awaitable<std::size_t> {
        auto const ex = co_await asio::this_coro::executor;
        asio::steady_timer timer(ex, 2ms);
        auto const first = co_await (coda::co_spawn(ex, wait_until_cancelled(seen), asio::use_awaitable) ||
                                     timer.async_wait(asio::use_awaitable));
        co_return first.index();
    };
    auto winner = asio::co_spawn(io, session(), asio::use_future);
    io.run();
    EXPECT_EQ(winner.get(), 1U);
    EXPECT_EQ(seen, coda::error_code(errc::cancelled));
}

TEST(co_spawn, takes_strands_and_any_executor) {
    asio::io_context io;
    int completed = 0;
    auto const count = [&](std::exception_ptr e, int v) { completed += e == nullptr && v == 2; };
    auto const strand = asio::make_strand(io);
    coda::co_spawn(strand, twice(1), count);
    coda::co_spawn(io.get_executor(), twice(1), count);
    coda::co_spawn(asio::any_io_executor(io.get_executor()), twice(1), count);
    coda::co_spawn(asio::any_io_executor(strand), twice(1), count);
    coda::co_spawn(asio::make_strand(asio::any_io_executor(io.get_executor())), twice(1), count);
    io.run();
    EXPECT_EQ(completed, 5);
}

TEST(co_spawn, refuses_an_executor_that_is_not_of_an_io_context) {
    asio::thread_pool pool(1);
    asio::any_io_executor const executor = pool.get_executor();
    EXPECT_THROW(coda::co_spawn(executor, nothing(), asio::detached), coda::exception);
}

TEST(co_spawn, calls_the_handler_on_its_own_executor) {
    asio::io_context io, other;
    bool called = false;
    coda::co_spawn(io, twice(1),
                   asio::bind_executor(other.get_executor(), [&](std::exception_ptr, int) { called = true; }));
    io.run();
    EXPECT_FALSE(called);
    other.run();
    EXPECT_TRUE(called);
}

TEST(loop_of, is_one_loop_for_each_io_context) {
    asio::io_context one, two;
    EXPECT_EQ(&coda::loop_of(one), &coda::loop_of(one));
    EXPECT_NE(&coda::loop_of(one), &coda::loop_of(two));
    EXPECT_EQ(&coda::loop_of(one).context(), &one);
}

TEST(loop_of, is_the_loop_that_the_user_made) {
    asio::io_context io;
    {
        coda::asio_loop adopting(io);
        EXPECT_EQ(&coda::loop_of(io), &adopting);
        auto where = []() -> coda::task<coda::loop*> { co_return (co_await coda::this_context()).loop; };
        auto ran_on = coda::co_spawn(io, where(), asio::use_future);
        io.run();
        EXPECT_EQ(ran_on.get(), &adopting);
    }
    EXPECT_EQ(&coda::loop_of(io).context(), &io); // a new one
    coda::asio_loop with_its_own;
    EXPECT_EQ(&coda::loop_of(with_its_own.context()), &with_its_own);
}

TEST(loop_of, destroyed_by_the_user_destroys_the_tasks_on_it) {
    auto const held = std::make_shared<int>();
    auto holds = [](std::shared_ptr<int> h) -> coda::task<> {
        co_await coda::sleep_for(1h);
        h.reset();
    };
    asio::io_context io;
    {
        coda::asio_loop adopting(io);
        coda::co_spawn(io, holds(held), [held](std::exception_ptr) { ADD_FAILURE(); });
        while (io.poll_one() != 0) {}
        EXPECT_EQ(held.use_count(), 3);
    }
    EXPECT_EQ(held.use_count(), 1);
    io.run(); // nothing is left that would keep it
}

// A server as Boost.Asio's users write it, whose sessions await tasks.
TEST(co_spawn, serves_an_asio_server) {
    asio::io_context io;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    auto shout = [](std::string text) -> coda::task<std::string> {
        co_await coda::sleep_for(std::chrono::microseconds(100));
        for (char& c : text) c = c == 'a' ? 'A' : c;
        co_return text;
    };
    auto session = [&](tcp::socket socket) -> asio::awaitable<void> {
        std::string line;
        for (;;) {
            auto const [ec, n] = co_await asio::async_read_until(socket, asio::dynamic_buffer(line), '\n',
                                                                 asio::as_tuple(asio::use_awaitable));
            if (ec) co_return;
            std::string const reply =
                co_await coda::co_spawn(socket.get_executor(), shout(line.substr(0, n)), asio::use_awaitable);
            line.erase(0, n);
            co_await asio::async_write(socket, asio::buffer(reply), asio::use_awaitable);
        }
    };
    constexpr int clients = 8, rounds = 20;
    auto accept = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < clients; ++i) {
            auto socket = co_await acceptor.async_accept(asio::use_awaitable);
            asio::co_spawn(io, session(std::move(socket)), asio::detached);
        }
    };
    auto ask = [&](int id) -> asio::awaitable<int> {
        tcp::socket socket(io);
        co_await socket.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
        std::string reply;
        int good = 0;
        for (int i = 0; i < rounds; ++i) {
            std::string const line = "banana " + std::to_string(id * rounds + i) + "\n";
            co_await asio::async_write(socket, asio::buffer(line), asio::use_awaitable);
            auto const n =
                co_await asio::async_read_until(socket, asio::dynamic_buffer(reply), '\n', asio::use_awaitable);
            good += reply.substr(0, n) == "bAnAnA " + std::to_string(id * rounds + i) + "\n";
            reply.erase(0, n);
        }
        co_return good;
    };
    asio::co_spawn(io, accept(), asio::detached);
    std::vector<std::future<int>> asked;
    for (int i = 0; i < clients; ++i) asked.push_back(asio::co_spawn(io, ask(i), asio::use_future));
    io.run();
    for (auto& a : asked) EXPECT_EQ(a.get(), rounds);
}

} // namespace runtime_co_spawn_test
