// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"
#include "support/loops.hpp"

#include <coda/runtime/loop.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/this_context.hpp>

#include <boost/system/system_error.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace runtime_fd_watch_test {

using namespace std::chrono_literals;
using coda::readiness;

// Two connected sockets that do not block, and a watch on the first.
class fd_watch : public coda::test::on_every_loop {
protected:
    fd_watch() {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) abort();
        watched_ = ends[0];
        peer_ = ends[1];
    }
    ~fd_watch() override {
        watch_.reset();
        close(watched_);
        if (peer_ >= 0) close(peer_);
    }

    // Runs the loop, calling `f` for each notification, until `f` gives false. Forever waiting fails by the test's
    // timeout.
    void run_until(readiness wanted, std::function<bool(readiness)> f) {
        function_ = std::move(f);
        if (!watch_) watch_.emplace(loop(), watched_, &fd_watch::notified, this);
        watch_->want(wanted);
        loop().run();
    }

    void send(std::string_view text) {
        ASSERT_EQ(write(peer_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    std::string receive() {
        std::array<char, 64> buffer;
        auto const n = read(watched_, buffer.data(), buffer.size());
        return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : std::string();
    }
    void close_peer() { close(std::exchange(peer_, -1)); }
    // Fills the watched socket's way out.
    void fill() {
        std::string const block(65536, 'x');
        while (write(watched_, block.data(), block.size()) > 0) {}
    }
    void drain_peer() {
        std::string block(65536, 'x');
        while (read(peer_, block.data(), block.size()) > 0) {}
    }

    int watched_ = -1;
    int peer_ = -1;
    std::optional<coda::fd_watch> watch_;

private:
    static void notified(void* self, readiness r) noexcept {
        auto& test = *static_cast<fd_watch*>(self);
        if (test.function_(r)) return;
        if (test.watch_) test.watch_->want(readiness::none); // stopping takes effect soon, not at once
        test.loop().stop();
    }
    std::function<bool(readiness)> function_;
};
CODA_ON_EVERY_LOOP(fd_watch);

TEST_P(fd_watch, tells_when_there_is_something_to_read) {
    loop().post([this] { send("hello"); });
    run_until(readiness::read, [&](readiness r) {
        EXPECT_EQ(r, readiness::read);
        EXPECT_EQ(receive(), "hello");
        return false;
    });
}

TEST_P(fd_watch, tells_again_while_it_is_not_read) {
    send("hello");
    int told = 0;
    run_until(readiness::read, [&](readiness) { return ++told < 5; });
    EXPECT_EQ(told, 5);
    EXPECT_EQ(receive(), "hello");
}

TEST_P(fd_watch, tells_when_it_can_be_written) {
    run_until(readiness::write, [&](readiness r) {
        EXPECT_EQ(r, readiness::write);
        return false;
    });
}

TEST_P(fd_watch, tells_of_room_only_when_there_is_some) {
    fill();
    bool drained = false;
    loop().post([&] {
        loop().post([&] { // a turn later
            drained = true;
            drain_peer();
        });
    });
    run_until(readiness::write, [&](readiness) {
        EXPECT_TRUE(drained);
        return false;
    });
}

TEST_P(fd_watch, tells_of_both_directions) {
    send("hello");
    auto seen = readiness::none;
    run_until(readiness::both, [&](readiness r) {
        seen = seen | r;
        return seen != readiness::both;
    });
    EXPECT_EQ(seen, readiness::both);
}

TEST_P(fd_watch, tells_nothing_that_is_not_wanted) {
    send("hello");
    watch_.emplace(loop(), watched_, [](void*, readiness) noexcept { ADD_FAILURE(); }, nullptr);
    EXPECT_EQ(watch_->wanted(), readiness::none);
    int turns = 0;
    std::function<void()> count = [&] { ++turns < 50 ? loop().post(count) : loop().stop(); };
    loop().post(count);
    loop().run();
    watch_->want(readiness::read);
    watch_->want(readiness::none);
    turns = 0;
    loop().post(count);
    loop().run();
    EXPECT_EQ(turns, 50);
}

TEST_P(fd_watch, changes_what_it_wants_inside_the_callback) {
    send("hello");
    std::vector<readiness> told;
    run_until(readiness::read, [&](readiness r) {
        told.push_back(r);
        watch_->want(told.size() % 2 == 1 ? readiness::write : readiness::read);
        return told.size() < 4;
    });
    EXPECT_EQ(told, (std::vector{readiness::read, readiness::write, readiness::read, readiness::write}));
}

TEST_P(fd_watch, wants_again_what_it_did_not_want_for_a_while) {
    send("a");
    std::string got;
    run_until(readiness::read, [&](readiness) {
        got += receive();
        watch_->want(readiness::none);
        return false;
    });
    send("b");
    run_until(readiness::read, [&](readiness) {
        got += receive();
        return false;
    });
    EXPECT_EQ(got, "ab");
}

TEST_P(fd_watch, may_be_destroyed_by_its_callback) {
    send("hello");
    int told = 0;
    run_until(readiness::both, [&](readiness) {
        ++told;
        watch_.reset();
        return false;
    });
    EXPECT_EQ(told, 1);
    char more = 0;
    EXPECT_EQ(read(watched_, &more, 1), 1); // the descriptor is the user's: it is still open
}

TEST_P(fd_watch, destroyed_with_readiness_under_way_is_silent) {
    send("hello");
    watch_.emplace(loop(), watched_, [](void*, readiness) noexcept { ADD_FAILURE(); }, nullptr);
    watch_->want(readiness::both);
    loop().post([&] { watch_.reset(); });
    loop().post([&] { loop().post([&] { loop().stop(); }); });
    loop().run();
}

TEST_P(fd_watch, tells_of_a_hang_up_as_something_to_read) {
    loop().post([this] { close_peer(); });
    run_until(readiness::read, [&](readiness r) {
        EXPECT_EQ(r, readiness::read);
        char c = 0;
        EXPECT_EQ(read(watched_, &c, 1), 0);
        return false;
    });
}

TEST_P(fd_watch, tells_of_a_hang_up_as_room_to_write) {
    fill();
    loop().post([this] { close_peer(); });
    run_until(readiness::write, [&](readiness r) {
        EXPECT_EQ(r, readiness::write);
        EXPECT_EQ(::send(watched_, "x", 1, MSG_NOSIGNAL), -1);
        return false;
    });
}

TEST_P(fd_watch, refuses_a_descriptor_that_is_not_open) {
    int const closed = dup(watched_);
    close(closed);
    auto const ignore = [](void*, readiness) noexcept {};
    EXPECT_THROW(coda::fd_watch(loop(), closed, ignore, nullptr), boost::system::system_error);
    EXPECT_THROW(coda::fd_watch(loop(), -1, ignore, nullptr), boost::system::system_error);
    EXPECT_EQ(fcntl(watched_, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC); // and harms no other
}

TEST_P(fd_watch, that_cannot_be_made_for_want_of_memory_leaves_the_descriptor_open) {
    auto const ignore = [](void*, readiness) noexcept {};
    { coda::fd_watch const watch(loop(), watched_, ignore, nullptr); } // what is made once, is made
    bool failed = true;
    for (std::size_t nth = 0; failed; ++nth) {
        coda::test::failing_allocation const failing(nth);
        try {
            coda::fd_watch const watch(loop(), watched_, ignore, nullptr);
        } catch (std::bad_alloc const&) {}
        failed = failing.happened();
        EXPECT_GE(fcntl(watched_, F_GETFD), 0) << "closed when allocation " << nth << " failed";
    }
}

TEST_P(fd_watch, can_be_made_again_for_the_same_descriptor) {
    for (int i = 0; i < 3; ++i) {
        watch_.reset();
        send("x");
        run_until(readiness::read, [&](readiness) {
            EXPECT_EQ(receive(), "x");
            return false;
        });
    }
}

TEST_P(fd_watch, sees_the_time_of_its_wake_up) {
    // What a callback reads is not the time at which the loop began to wait.
    coda::timer before([](coda::timer&) noexcept {}); // has the loop read the clock, then wait
    loop().arm(before, loop().now() + 1ms);
    coda::time_point sent{};
    std::jthread const later([&] {
        std::this_thread::sleep_for(20ms);
        sent = std::chrono::steady_clock::now();
        send("x");
    });
    run_until(readiness::read, [&](readiness) {
        static_cast<void>(receive());
        EXPECT_GE(loop().now(), sent);
        return false;
    });
}

// More than the kernel tells of at once, all of them always ready.
using many_fd_watches = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(many_fd_watches);

TEST_P(many_fd_watches, that_are_always_ready_are_told_equally_often) {
    constexpr std::size_t many = 150, each = 40;
    struct busy {
        std::size_t told = 0;
        std::size_t* left = nullptr;
        coda::loop* loop = nullptr;
        int fd = -1;
        std::optional<coda::fd_watch> watch;

        void ready() noexcept {
            ++told;
            if (*left > 0 && --*left == 0) loop->stop();
        }
    };
    std::vector<busy> all(many);
    std::size_t left = many * each;
    for (auto& b : all) {
        b.left = &left;
        b.loop = &loop();
        b.fd = eventfd(1, EFD_CLOEXEC);
        ASSERT_GE(b.fd, 0);
        auto const ready = [](void* self, readiness) noexcept { static_cast<busy*>(self)->ready(); };
        b.watch.emplace(loop(), b.fd, ready, &b);
        b.watch->want(readiness::read);
    }
    loop().run();
    for (auto& b : all) {
        EXPECT_GE(b.told, each / 2);
        EXPECT_LE(b.told, each * 2);
        b.watch.reset();
        close(b.fd);
    }
}

TEST_P(many_fd_watches, one_that_is_always_ready_does_not_starve_another_nor_what_is_posted) {
    struct counted {
        int told = 0;
        int fd = eventfd(1, EFD_CLOEXEC);
    };
    counted busy, other;
    auto const count = [](void* self, readiness) noexcept { ++static_cast<counted*>(self)->told; };
    coda::fd_watch first(loop(), busy.fd, count, &busy);
    coda::fd_watch second(loop(), other.fd, count, &other);
    first.want(readiness::read);
    std::vector<int> seen; // how often the busy one was told before each turn
    std::function<void()> turn = [&] {
        seen.push_back(busy.told);
        if (seen.size() == 50) second.want(readiness::read);
        if (seen.size() < 100) return loop().post(turn);
        loop().stop();
    };
    loop().post(turn);
    loop().run();
    EXPECT_GE(other.told, 20); // in 50 turns
    EXPECT_LE(busy.told, 400); // in 100: a few at most in each
    close(busy.fd);
    close(other.fd);
}

// They share the time with it, all of them together rather than each.
TEST_P(many_fd_watches, that_are_ready_beside_a_busy_task_are_told_within_a_few_turns) {
    constexpr int resumptions_in_a_turn = 4'096;
    struct once {
        int const* resumed = nullptr;
        int told_at = -1;
        int fd = eventfd(1, EFD_CLOEXEC);
        std::optional<coda::fd_watch> watch;
    };
    std::vector<once> all(16);
    int resumed = 0;
    auto const told = [](void* self, readiness) noexcept {
        auto& w = *static_cast<once*>(self);
        w.told_at = *w.resumed;
        w.watch->want(readiness::none);
    };
    for (auto& w : all) {
        w.resumed = &resumed;
        w.watch.emplace(loop(), w.fd, told, &w);
        w.watch->want(readiness::read);
    }
    auto const works = [&]() -> coda::task<> {
        while (std::ranges::any_of(all, [](auto const& w) { return w.told_at < 0; })) {
            ++resumed;
            co_await coda::yield();
        }
    };
    loop().run(works());
    auto const [first, last] = std::ranges::minmax_element(all, {}, &once::told_at);
    EXPECT_LE(last->told_at - first->told_at, 3 * resumptions_in_a_turn);
    for (auto& w : all) {
        w.watch.reset();
        close(w.fd);
    }
}

} // namespace runtime_fd_watch_test
