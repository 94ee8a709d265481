// SPDX-License-Identifier: BSL-1.0
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/operation.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <thread>

namespace runtime_run_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::task;
using coda::test::tally;
using coda::test::tracked;

using a_run = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_run);

TEST_P(a_run, gives_the_roots_value) {
    EXPECT_EQ(run([]() -> task<int> { co_return 5; }()), 5);
    EXPECT_EQ(*run([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(6); }()), 6);
    run([]() -> task<> { co_return; }());
}

TEST_P(a_run, throws_the_roots_exception) {
    auto const throws = []() -> task<int> {
        co_await coda::sleep_for(1ms);
        throw std::runtime_error("on purpose");
    };
    EXPECT_THROW(run(throws()), std::runtime_error);
    auto const fails = []() -> task<> {
        throw coda::exception(coda::error(errc::closed, coda::outcome::unknown));
        co_return;
    };
    try {
        run(fails());
        FAIL() << "ended";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), errc::closed);
        EXPECT_EQ(e.error().outcome(), coda::outcome::unknown);
    }
}

TEST_P(a_run, may_be_repeated) {
    for (int i = 0; i < 100; ++i) {
        auto const root = [](int x) -> task<int> {
            if (x % 10 == 0) co_await coda::sleep_for(1ms);
            co_return x;
        };
        ASSERT_EQ(run(root(i)), i);
    }
}

TEST_P(a_run, of_a_moved_from_task_was_already_awaited) {
    auto root = []() -> task<> { co_return; }();
    auto const taken = std::move(root);
    try {
        run(std::move(root));
        FAIL() << "ended";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), errc::already_awaited);
    }
}

TEST_P(a_run, stopped_destroys_the_root_and_says_so) {
    tally t;
    auto const root = [&](tracked) -> task<> {
        loop().stop();
        co_await coda::sleep_for(1h);
    };
    try {
        run(root(tracked(t)));
        FAIL() << "ended";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), errc::loop_stopped);
    }
    EXPECT_EQ(t.alive(), 0);
    EXPECT_EQ(run([]() -> task<int> { co_return 1; }()), 1); // the loop is of use again
}

TEST_P(a_run, stopped_before_it_began_does_not_begin) {
    bool began = false;
    auto const root = [&]() -> task<> {
        began = true;
        co_return;
    };
    loop().stop();
    EXPECT_THROW(run(root()), coda::exception);
    EXPECT_FALSE(began);
    run(root());
    EXPECT_TRUE(began);
}

TEST_P(a_run, without_a_root_ends_when_stopped) {
    int calls = 0;
    loop().post([&] { ++calls; });
    loop().post([&] { loop().stop(); });
    loop().run();
    EXPECT_EQ(calls, 1);
}

TEST_P(a_run, leaves_no_descriptor_behind) {
    auto const before = coda::test::fd_snapshot::take();
    run([]() -> task<> { co_await coda::sleep_for(1ms); }());
    EXPECT_TRUE(coda::test::fd_snapshot::take().opened_since(before).empty());
}

// Sends the signal when the loop is running, and waits to be cancelled.
task<int> raises(int number, bool& joined) {
    co_await coda::sleep_for(1ms);
    raise(number);
    auto r = co_await as_result(coda::sleep_for(1h));
    EXPECT_EQ(r.error().code(), errc::cancelled);
    co_await coda::shield(coda::sleep_for(1ms));
    joined = true;
    throw coda::exception(r.error());
}

TEST_P(a_run, signal_cancels_the_root_and_joins_it) {
    for (int number : {SIGINT, SIGTERM}) {
        bool joined = false;
        EXPECT_EQ(run(raises(number, joined)), 128 + number);
        EXPECT_TRUE(joined);
    }
}

TEST_P(a_run, signal_ends_a_void_root_quietly_and_throws_for_other_types) {
    run([]() -> task<> {
        bool joined = false;
        co_await raises(SIGTERM, joined);
    }());
    auto const other = []() -> task<std::string> {
        bool joined = false;
        co_await raises(SIGINT, joined);
        co_return "unreachable";
    };
    try {
        run(other());
        FAIL() << "ended";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), errc::cancelled);
    }
}

TEST_P(a_run, signalled_root_that_ends_in_its_own_way_is_taken_at_its_word) {
    auto const value = []() -> task<int> {
        raise(SIGTERM);
        co_await as_result(coda::sleep_for(1h));
        co_return 3;
    };
    EXPECT_EQ(run(value()), 3);
    auto const fails = []() -> task<int> {
        raise(SIGTERM);
        co_await as_result(coda::sleep_for(1h));
        throw std::runtime_error("on purpose");
    };
    EXPECT_THROW(run(fails()), std::runtime_error);
}

TEST_P(a_run, signal_sent_to_the_process_reaches_the_loop_from_any_thread) {
    auto const root = []() -> task<int> {
        std::thread sender([] { kill(getpid(), SIGTERM); });
        auto r = co_await as_result(coda::sleep_for(1h));
        sender.join();
        throw coda::exception(r.error());
    };
    EXPECT_EQ(run(root()), 128 + SIGTERM);
}

TEST_P(a_run, restores_the_default_that_was_there) {
    struct sigaction usual{};
    usual.sa_handler = SIG_DFL;
    struct sigaction before{}, after{};
    sigaction(SIGINT, &usual, &before);
    run([]() -> task<> {
        struct sigaction during{};
        sigaction(SIGINT, nullptr, &during);
        EXPECT_NE(during.sa_handler, SIG_DFL);
        co_return;
    }());
    sigaction(SIGINT, &before, &after);
    EXPECT_EQ(after.sa_handler, SIG_DFL);
}

std::sig_atomic_t volatile heard = 0;
extern "C" void hear(int) { heard = heard + 1; }
extern "C" void hear_with_details(int, siginfo_t*, void*) { heard = heard + 1; }

TEST_P(a_run, leaves_a_handler_of_the_programs_own_alone) {
    struct sigaction plain{}, detailed{};
    plain.sa_handler = &hear;
    detailed.sa_sigaction = &hear_with_details;
    detailed.sa_flags = SA_SIGINFO;
    for (auto const& mine : {plain, detailed}) {
        struct sigaction before{}, after{};
        sigaction(SIGTERM, &mine, &before);
        heard = 0;
        auto const root = []() -> task<int> {
            raise(SIGTERM);
            raise(SIGTERM);
            co_await coda::sleep_for(2ms);
            co_return 4;
        };
        EXPECT_EQ(run(root()), 4);
        EXPECT_EQ(heard, 2);
        sigaction(SIGTERM, &before, &after);
        EXPECT_EQ(after.sa_handler, mine.sa_handler);
    }
}

TEST_P(a_run, ignored_signal_stays_ignored) {
    auto const before = signal(SIGINT, SIG_IGN);
    EXPECT_EQ(run([]() -> task<int> {
                  raise(SIGINT);
                  co_await coda::sleep_for(2ms);
                  co_return 4;
              }()),
              4);
    EXPECT_EQ(signal(SIGINT, before), SIG_IGN);
}

// Runs `body` in a process of its own and gives how that ended, as waitpid tells it.
template <class Body>
int status_of_child_process(Body body) {
    pid_t const child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        _exit(body());
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
}

TEST_P(a_run, second_signal_acts_as_if_there_were_no_handler) {
    int const status = status_of_child_process([] {
        auto const own = coda::test::make_loop(GetParam());
        auto const stubborn = []() -> task<> {
            raise(SIGINT);
            co_await as_result(coda::sleep_for(1h));
            raise(SIGINT); // kills
            co_await coda::shield(coda::sleep_for(1h));
        };
        own->run(stubborn());
        return 0;
    });
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST_P(a_run, first_signal_of_the_other_kind_is_asked_for_politely) {
    int const status = status_of_child_process([] {
        auto const own = coda::test::make_loop(GetParam());
        auto const root = []() -> task<int> {
            raise(SIGINT);
            auto r = co_await as_result(coda::sleep_for(1h));
            raise(SIGTERM); // handled as well: the root is cancelled already
            throw coda::exception(r.error());
        };
        return own->run(root());
    });
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_GT(WEXITSTATUS(status), 128);
}

TEST_P(a_run, each_run_hears_its_own_first_signal) {
    for (int i = 0; i < 5; ++i) {
        bool joined = false;
        ASSERT_EQ(run(raises(SIGINT, joined)), 128 + SIGINT);
    }
}

} // namespace runtime_run_test
