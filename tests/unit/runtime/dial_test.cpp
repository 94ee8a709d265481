// SPDX-License-Identifier: BSL-1.0
#include "support/fd_snapshot.hpp"
#include "support/listener.hpp"
#include "support/loops.hpp"
#include "support/unreachable_endpoint.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/dial.hpp>

#include <boost/system/errc.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

namespace runtime_dial_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::dial;
using coda::outcome;
using coda::task;
using testing::HasSubstr;

class dialling : public coda::test::on_every_loop {
protected:
    // A connection made and gone leaves no descriptor; gives what became of it.
    coda::error failure_at(coda::test::endpoint const& where, coda::duration limit) {
        coda::error why;
        auto const body = [&]() -> task<> {
            auto const r = co_await as_result(coda::with_timeout(limit, dial("127.0.0.1", std::to_string(where.port))));
            EXPECT_TRUE(r.has_error());
            if (r.has_error()) why = r.error();
        };
        auto const before = coda::test::sockets_open();
        run(body());
        EXPECT_EQ(coda::test::sockets_open(), before);
        EXPECT_EQ(why.outcome(), outcome::not_sent);
        return why;
    }
};

CODA_ON_EVERY_LOOP(dialling);

TEST_P(dialling, gives_a_connected_socket_that_does_not_block) {
    coda::test::listener door;
    auto const body = [&]() -> task<> {
        coda::socket_fd const fd = co_await dial("127.0.0.1", std::to_string(door.where().port));
        EXPECT_TRUE(door.accept());
        EXPECT_NE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
    };
    auto const before = coda::test::sockets_open();
    run(body());
    EXPECT_EQ(coda::test::sockets_open(), before) << "closed with its owner";
}

TEST_P(dialling, tries_each_address_of_a_name) {
    coda::test::listener door; // 127.0.0.1 only, while localhost may be ::1 as well
    auto const body = [&]() -> task<> {
        coda::socket_fd const fd = co_await dial("localhost", std::to_string(door.where().port));
        EXPECT_GE(fd.get(), 0);
    };
    run(body());
}

TEST_P(dialling, a_refusal_is_the_systems_error_and_names_the_address) {
    coda::test::refusing_endpoint const nobody;
    auto const why = failure_at(nobody.where(), 1h);
    EXPECT_EQ(why.code(), boost::system::errc::connection_refused);
    EXPECT_THAT(why.message(), HasSubstr("127.0.0.1:" + std::to_string(nobody.where().port)));
}

TEST_P(dialling, reaches_unix_sockets) {
    auto const path = fmt::format("{}coda-dial-{}", testing::TempDir(), getpid());
    coda::test::listener door(coda::test::endpoint::unix_path(path));
    auto const body = [&]() -> task<> {
        coda::socket_fd const fd = co_await coda::dial_unix(path);
        EXPECT_TRUE(door.accept());
        EXPECT_NE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
        auto const nowhere = co_await as_result(coda::dial_unix(path + ".nowhere"));
        EXPECT_EQ(nowhere.error().code(), boost::system::errc::no_such_file_or_directory);
        EXPECT_THAT(nowhere.error().message(), HasSubstr(path + ".nowhere: "));
        auto const long_path = co_await as_result(coda::dial_unix("/" + std::string(107, 'x')));
        EXPECT_EQ(long_path.error().code(), boost::system::errc::filename_too_long);
    };
    run(body());
}

TEST_P(dialling, who_never_answers_is_given_the_time_there_is) {
    coda::test::unreachable_endpoint const nobody;
    EXPECT_EQ(failure_at(nobody.where(), 20ms).code(), coda::errc::timed_out);
}

} // namespace runtime_dial_test
