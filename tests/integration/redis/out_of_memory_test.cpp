// SPDX-License-Identifier: BSL-1.0
// Every allocation is made to fail, one run after the other, of a connection that is opened, used and ends in each of
// its ways: hiredis stands between, and no exception may pass through it. Each run ends and leaves nothing open.
#include "support/allocations.hpp"
#include "support/eventually.hpp"
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/scripted_peer.hpp"

#include <coda/redis.hpp>
#include <coda/runtime.hpp>

#include <new>

namespace redis_out_of_memory_test {

using coda::as_result;
using coda::task;
using coda::test::conversation;
using coda::test::failing_allocation;
using coda::test::scripted_peer;
using coda::test::until;

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";

// What the server does once it has answered a PING and was sent another.
struct ending {
    char const* name;
    void (*happens)(conversation&);
};
constexpr ending endings[] = {
    {"closed", [](conversation& with) { with.close(); }},
    {"reset", [](conversation& with) { with.reset(); }},
    {"in_the_middle", [](conversation& with) { with.send("+PO"); }},
    {"with_its_last_words", [](conversation& with) { with.send("+PONG\r\n-ERR going down, and for a long time\r\n"); }},
    {"after_nonsense", [](conversation& with) { with.send("HTTP/1.1 400 Bad Request\r\n\r\n"); }},
    {"after_a_malformed_line", [](conversation& with) { with.send("$3\r\nabcdef\r\n"); }},
    {"by_the_client",
     [](conversation& with) {
         with.send("+PONG\r\n");
         with.hang();
     }},
};

class redis_without_memory : public coda::test::on_every_loop {
protected:
    // Whether it came to the failure of the allocation behind `passing` others.
    bool fails_at(scripted_peer const& peer, std::size_t passing, failing_allocation::then after) {
        bool happened = false;
        auto const attempt = [&]() -> task<> {
            coda::redis::connection db(loop(), fmt::format("redis://127.0.0.1:{}", peer.port()));
            auto const connected = co_await as_result(db.connect());
            if (connected.has_error()) co_return;
            for (int i = 0; i < 2; ++i) static_cast<void>(co_await as_result(db.ping()));
        };
        auto const body = [&]() -> task<> {
            failing_allocation const fails(passing, after);
            try {
                co_await attempt();
            } catch (std::bad_alloc const&) {}
            happened = fails.happened();
        };
        run(body());
        return happened;
    }
    void sweep(failing_allocation::then after) {
        for (auto const& how : endings) {
            auto const before = coda::test::sockets_open();
            {
                scripted_peer peer([&](conversation& with) {
                    with.expect(ping);
                    with.send("+PONG\r\n");
                    with.expect(ping);
                    how.happens(with);
                });
                fails_at(peer, static_cast<std::size_t>(-2), after); // what is made once, is made
                std::size_t nth = 0;
                while (fails_at(peer, nth, after) && !HasFailure()) ++nth;
                EXPECT_GT(nth, 3u) << how.name;
            }
            EXPECT_EQ(coda::test::sockets_open(), before) << how.name;
        }
    }
};
CODA_ON_EVERY_LOOP(redis_without_memory);

TEST_P(redis_without_memory, for_one_allocation_a_connection_ends_in_order) {
    sweep(failing_allocation::then::succeed);
}
TEST_P(redis_without_memory, from_one_allocation_on_a_connection_ends_in_order) {
    sweep(failing_allocation::then::fail);
}

} // namespace redis_out_of_memory_test
