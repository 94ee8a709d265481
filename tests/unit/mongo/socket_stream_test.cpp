// SPDX-License-Identifier: BSL-1.0
// What libmongoc asks of a stream, read from its source and from what it does where it is not given that.
#include "socket_stream.hpp"
#include "support/loops.hpp"

#include <coda/runtime.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

namespace mongo_socket_stream_test {

using namespace std::chrono_literals;
using coda::scope;
using coda::task;
using coda::mongo::detail::socket_stream;
using coda::mongo::detail::stream_handle;
using coda::mongo::detail::wire;

// A pair of connected sockets: a stream's, and its peer's.
struct connection {
    explicit connection(wire& w) {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        peer = coda::socket_fd(ends[1]);
        fd = ends[0];
        auto* const made = new socket_stream(w, coda::socket_fd(ends[0]), "peer");
        made->pass_unchecked();
        stream.reset(made);
    }
    void says(std::string_view bytes) const {
        EXPECT_EQ(write(peer.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    }

    stream_handle stream;
    coda::socket_fd peer;
    int fd = -1;
};

class a_socket_stream : public coda::test::on_every_loop {
protected:
    // Calls `blocking` as libmongoc would be, and `meanwhile` once that waits.
    void with_fiber(std::function<void()> blocking, std::function<task<>()> meanwhile = {}) {
        coda::fiber_stacks stacks;
        auto const on_it = [&]() -> task<> {
            auto const run_it = [&](coda::fiber& f) {
                coda::mongo::detail::wire::use const used(wire_, f);
                blocking();
            };
            co_await coda::on_fiber(stacks, run_it);
        };
        auto const body = [&](scope& s) -> task<> {
            s.spawn(on_it());
            co_await coda::yield();
            if (meanwhile) co_await meanwhile();
        };
        run(coda::with_scope(body));
    }
    ssize_t read(connection const& c, std::size_t size, std::size_t min_bytes, std::int32_t timeout = 20'000) {
        bytes_.assign(size, '?');
        mongoc_iovec_t part{bytes_.data(), size};
        ssize_t const n = mongoc_stream_readv(c.stream.get(), &part, 1, min_bytes, timeout);
        errno_ = errno;
        return n;
    }
    std::string_view bytes(ssize_t n) const { return std::string_view(bytes_).substr(0, static_cast<std::size_t>(n)); }

    wire wire_{loop()};
    std::string bytes_;
    int errno_ = 0;
};
CODA_ON_EVERY_LOOP(a_socket_stream);

// Where it has a function for it, 1.23 follows what that gives without looking.
TEST_P(a_socket_stream, is_a_root) {
    connection const c(wire_);
    EXPECT_EQ(c.stream->get_base_stream, nullptr);
}

TEST_P(a_socket_stream, gives_a_byte_or_more_also_where_none_is_the_least) {
    connection const c(wire_);
    auto const reads = [&] {
        EXPECT_EQ(read(c, 10, 0), 3);
        EXPECT_EQ(bytes(3), "abc");
    };
    auto const says = [&]() -> task<> {
        c.says("abc");
        co_return;
    };
    with_fiber(reads, says);
}

TEST_P(a_socket_stream, reads_on_until_the_least_is_there) {
    connection const c(wire_);
    auto const reads = [&] {
        EXPECT_EQ(read(c, 10, 6), 6);
        EXPECT_EQ(bytes(6), "abcdef");
    };
    auto const says = [&]() -> task<> {
        for (auto const* letter : {"a", "b", "c", "d", "e", "f"}) {
            c.says(letter);
            co_await coda::sleep_for(1ms);
        }
    };
    with_fiber(reads, says);
}

TEST_P(a_socket_stream, ends_where_its_peer_does) {
    connection c(wire_);
    auto const reads = [&] {
        EXPECT_EQ(read(c, 10, 6), -1);
        EXPECT_EQ(errno_, ECONNRESET);
        EXPECT_FALSE(mongoc_stream_timed_out(c.stream.get()));
    };
    auto const goes = [&]() -> task<> {
        c.says("abc");
        co_await coda::sleep_for(1ms);
        c.peer.reset();
    };
    with_fiber(reads, goes);
}

// The socket has nothing more, and would be waited for in vain.
TEST_P(a_socket_stream, is_readable_while_its_own_buffer_has_something) {
    connection const c(wire_);
    c.says("abcdef");
    auto const polls = [&] {
        EXPECT_EQ(read(c, 2, 2), 2);
        char byte;
        EXPECT_EQ(recv(c.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1) << "all of it is in the buffer";
        mongoc_stream_poll_t p{c.stream.get(), POLLIN, 0};
        EXPECT_EQ(mongoc_stream_poll(&p, 1, 0), 1);
        EXPECT_EQ(p.revents, POLLIN);
        EXPECT_EQ(read(c, 4, 4), 4);
        EXPECT_EQ(bytes(4), "cdef");
        EXPECT_EQ(mongoc_stream_poll(&p, 1, 1), 0);
    };
    with_fiber(polls);
}

TEST_P(a_socket_stream, is_polled_with_others) {
    connection const first(wire_);
    connection const second(wire_);
    auto const polls = [&] {
        mongoc_stream_poll_t both[] = {{first.stream.get(), POLLIN, 0}, {second.stream.get(), POLLIN, 0}};
        EXPECT_EQ(mongoc_stream_poll(both, 2, 20'000), 1);
        EXPECT_EQ(both[0].revents, 0);
        EXPECT_EQ(both[1].revents, POLLIN);
        mongoc_stream_poll_t writable{first.stream.get(), POLLIN | POLLOUT, 0};
        EXPECT_EQ(mongoc_stream_poll(&writable, 1, 20'000), 1);
        EXPECT_EQ(writable.revents, POLLOUT);
    };
    auto const says = [&]() -> task<> {
        second.says("x");
        co_return;
    };
    with_fiber(polls, says);
}

TEST_P(a_socket_stream, has_timed_out_after_a_call_that_did_and_not_after_one_that_did_not) {
    connection const c(wire_);
    auto const reads = [&] {
        EXPECT_EQ(read(c, 10, 1, 1), -1);
        EXPECT_EQ(errno_, ETIMEDOUT);
        EXPECT_TRUE(mongoc_stream_timed_out(c.stream.get()));
        c.says("abc");
        EXPECT_EQ(read(c, 10, 1), 3);
        EXPECT_FALSE(mongoc_stream_timed_out(c.stream.get()));
        EXPECT_EQ(read(c, 10, 1, 1), -1);
        EXPECT_TRUE(mongoc_stream_timed_out(c.stream.get()));
        char letter = 'x';
        EXPECT_EQ(mongoc_stream_write(c.stream.get(), &letter, 1, 1), 1);
        EXPECT_FALSE(mongoc_stream_timed_out(c.stream.get()));
    };
    with_fiber(reads);
}

// It is the thread's: while a fiber waits, everybody else sets it.
TEST_P(a_socket_stream, sets_errno_last_of_all) {
    connection const c(wire_);
    auto const reads = [&] {
        EXPECT_EQ(read(c, 10, 1, 20), -1);
        EXPECT_EQ(errno_, ETIMEDOUT);
    };
    auto const spoils = [&]() -> task<> {
        for (int i = 0; i < 30; ++i) {
            errno = EBADF;
            co_await coda::sleep_for(1ms);
            errno = EBADF;
        }
    };
    with_fiber(reads, spoils);
}

// So is OpenSSL's queue of errors, which it looks at after each call to say what that call did.
TEST_P(a_socket_stream, leaves_no_errors_of_others_in_openssls_queue) {
    connection const c(wire_);
    auto const reads = [&] {
        EXPECT_EQ(read(c, 10, 1), 1);
        EXPECT_EQ(ERR_peek_error(), 0u);
    };
    auto const spoils = [&]() -> task<> {
        ERR_put_error(ERR_LIB_USER, 0, 1, "", 0);
        EXPECT_NE(ERR_peek_error(), 0u);
        c.says("x");
        co_return;
    };
    with_fiber(reads, spoils);
    ERR_clear_error();
}

// The first as libmongoc destroys a stream that it gives up, the second any other.
TEST_P(a_socket_stream, is_destroyed_by_failing_and_by_being_destroyed) {
    connection failing(wire_);
    auto* const given_up = failing.stream.release();
    given_up->failed(given_up);
    EXPECT_EQ(fcntl(failing.fd, F_GETFD), -1);
    connection ending(wire_);
    ending.stream.reset();
    EXPECT_EQ(fcntl(ending.fd, F_GETFD), -1);
}

TEST_P(a_socket_stream, writes_everything_however_little_fits) {
    connection const c(wire_);
    std::string const large(3'000'000, 'x');
    auto const writes = [&] {
        mongoc_iovec_t parts[] = {{const_cast<char*>(large.data()), 1'000'000},
                                  {const_cast<char*>(large.data()), 0},
                                  {const_cast<char*>(large.data()), 2'000'000}};
        EXPECT_EQ(mongoc_stream_writev(c.stream.get(), parts, 3, 20'000), 3'000'000);
    };
    auto const reads = [&]() -> task<> {
        std::string some(100'000, '\0');
        for (std::size_t total = 0; total < large.size();) {
            ssize_t const n = recv(c.peer.get(), some.data(), some.size(), MSG_DONTWAIT);
            if (n > 0) total += static_cast<std::size_t>(n);
            co_await coda::yield();
        }
    };
    with_fiber(writes, reads);
}

// Where nobody can wait, as when a client is destroyed between operations.
TEST_P(a_socket_stream, does_not_wait_outside_of_an_operation) {
    connection const c(wire_);
    EXPECT_EQ(read(c, 10, 1), -1);
    EXPECT_EQ(errno_, ECANCELED);
}

} // namespace mongo_socket_stream_test
