// SPDX-License-Identifier: BSL-1.0
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/wait_ready.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace runtime_wait_ready_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::readiness;
using coda::task;
using coda::wait_ready;

// Two connected sockets that do not block.
class wait_ready_on_a_socket : public coda::test::on_every_loop {
protected:
    wait_ready_on_a_socket() {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) abort();
        mine_ = ends[0];
        peer_ = ends[1];
    }
    ~wait_ready_on_a_socket() override {
        close(mine_);
        if (peer_ >= 0) close(peer_);
    }

    void send() { ASSERT_EQ(write(peer_, "x", 1), 1); }
    void close_peer() { close(std::exchange(peer_, -1)); }
    void fill() {
        std::string const block(65536, 'x');
        while (write(mine_, block.data(), block.size()) > 0) {}
    }

    int mine_ = -1;
    int peer_ = -1;
};
CODA_ON_EVERY_LOOP(wait_ready_on_a_socket);

TEST_P(wait_ready_on_a_socket, ends_at_once_where_it_is_ready) {
    send();
    auto const waits = [&]() -> task<> {
        co_await wait_ready(mine_, readiness::read);
        co_await wait_ready(mine_, readiness::read); // nobody has read it
        co_await wait_ready(mine_, readiness::write);
        co_await wait_ready(mine_, readiness::both);
    };
    run(waits());
}

TEST_P(wait_ready_on_a_socket, ends_when_it_becomes_ready) {
    bool sent = false;
    auto const waits = [&]() -> task<> {
        co_await wait_ready(mine_, readiness::read);
        EXPECT_TRUE(sent);
    };
    auto const sends = [&]() -> task<> {
        co_await coda::sleep_for(1ms);
        sent = true;
        send();
    };
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(waits());
        s.spawn(sends());
        co_return;
    };
    run(coda::with_scope(body));
}

TEST_P(wait_ready_on_a_socket, ends_when_the_peer_hangs_up) {
    fill();
    auto const reads = [&]() -> task<> { co_await wait_ready(mine_, readiness::read); };
    auto const writes = [&]() -> task<> { co_await wait_ready(mine_, readiness::write); };
    auto const hangs_up = [&]() -> task<> {
        co_await coda::sleep_for(1ms);
        close_peer();
    };
    for (bool const for_reading : {true, false}) {
        auto const body = [&](coda::scope& s) -> task<> {
            if (for_reading)
                s.spawn(reads());
            else
                s.spawn(writes());
            if (peer_ >= 0) s.spawn(hangs_up());
            co_return;
        };
        run(coda::with_scope(body));
    }
    char c = 0;
    EXPECT_LE(read(mine_, &c, 1), 0);
    EXPECT_NE(errno, EAGAIN);
}

TEST_P(wait_ready_on_a_socket, ends_with_the_reason_when_it_is_cancelled) {
    auto const waits = [&]() -> task<> {
        auto const late = co_await as_result(coda::with_timeout(1ms, wait_ready(mine_, readiness::read)));
        EXPECT_EQ(late.error().code(), errc::timed_out);
        coda::cancel_source source;
        source.request();
        auto const before =
            co_await as_result(coda::with_cancellation(source.token(), wait_ready(mine_, readiness::write)));
        EXPECT_EQ(before.error().code(), errc::cancelled);
        co_await wait_ready(mine_, readiness::write); // the socket is as it was
    };
    run(waits());
}

TEST_P(wait_ready_on_a_socket, leaves_the_descriptor_open_and_unwatched) {
    auto const before = coda::test::fd_snapshot::take();
    {
        coda::scope s(loop());
        auto const waits = [](int fd) -> task<> { co_await wait_ready(fd, readiness::read); };
        s.spawn(waits(mine_));
        run([]() -> task<> { co_await coda::sleep_for(1ms); }());
    } // destroyed while it waits
    send();
    char c = 0;
    EXPECT_EQ(read(mine_, &c, 1), 1);
    EXPECT_TRUE(coda::test::fd_snapshot::take().opened_since(before).empty());
}

TEST_P(wait_ready_on_a_socket, ends_with_the_systems_error_for_what_is_no_descriptor) {
    auto const waits = [&]() -> task<> {
        int const closed = dup(mine_); // in here: the loop has opened all that it opens
        close(closed);
        for (int const fd : {closed, -1}) {
            auto const r = co_await as_result(wait_ready(fd, readiness::read));
            EXPECT_EQ(r.error().code(), boost::system::errc::bad_file_descriptor) << r.error().message();
            EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
        }
    };
    run(waits());
}

} // namespace runtime_wait_ready_test
