// SPDX-License-Identifier: BSL-1.0
// bench-heartbeat: how late a task that wakes every 10 ms is, on the same loop as a MongoDB client whose server does
// not do its part. Takes --check: exit code 1 when a goal was missed. The peers are on threads of this process: what
// the machine cannot do at once is counted as lateness too, so the first line, where the loop has nothing else to do,
// is what the others are to be compared with.
#include "goals.hpp"
#include "heartbeat.hpp"
#include "support/mongo_peer.hpp"
#include "support/unreachable_endpoint.hpp"

#include <coda/mongo.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace std::chrono_literals;
using coda::as_result;
using coda::task;
using coda::test::conversation;
using coda::test::endpoint;
using coda::test::scripted_peer;

constexpr int beats = 300; // of 10 ms
constexpr char const* patiently = "connectTimeoutMS=600000&serverSelectionTimeoutMS=600000&socketTimeoutMS=600000";
constexpr coda::mongo::connection_options patient{.connect_timeout = 600s, .operation_timeout = 600s};

std::string at(endpoint const& e, std::string const& more = {}) {
    return fmt::format("mongodb://127.0.0.1:{}/?{}{}", e.port, more, patiently);
}

// Connects again and again, where that ends by itself.
task<> connecting(coda::loop& l, std::string uri) {
    coda::context const& here = co_await coda::this_context();
    while (!here.cancel.requested()) {
        coda::mongo::connection db(l, uri, patient);
        static_cast<void>(co_await as_result(db.connect()));
    }
}

coda::bson::document large_insert() {
    auto const large = coda::bson::doc("_id", 1, "text", std::string(15'000'000, 'x'));
    return coda::bson::doc("insert", "c", "documents", coda::bson::array(large));
}

task<> inserting(coda::loop& l, std::string uri, coda::bson::document insert) {
    coda::mongo::connection db(l, uri, patient);
    co_await db.connect();
    static_cast<void>(co_await as_result(db.command("x", std::move(insert))));
}

// Reads 400 KB/s, so that the kernel takes some more all the time.
void read_slowly(conversation& with) {
    coda::test::mongo_handshake(with);
    while (true) {
        with.expect_bytes(4096);
        std::this_thread::sleep_for(10ms);
    }
}

using worst = std::map<std::string, double>; // of all that is measured on one loop

worst report(char const* loop_name, coda::loop& l) {
    auto const measure = [&](char const* what, auto make) {
        auto const late = coda::bench::lateness_beside(l, make, beats);
        fmt::print("{:<5} {:<40} {:>8.2f} {:>8.2f} {:>8.2f} {:>8.2f}\n", loop_name, what, late.p50, late.p99,
                   late.longest, late.busiest);
        std::fflush(stdout);
        return late;
    };
    worst all;
    auto const line = [&](char const* what, auto make) {
        auto const late = measure(what, make);
        all["p99"] = std::max(all["p99"], late.p99);
        all["longest"] = std::max(all["longest"], late.longest);
        all["busiest"] = std::max(all["busiest"], late.busiest);
    };
    measure("nothing else", []() -> task<> { co_return; });
    coda::test::unreachable_endpoint const nobody;
    coda::test::unreachable_endpoint const nobody_else;
    coda::test::refusing_endpoint const refusing;
    scripted_peer const silent([](conversation& with) { with.hang(); });
    scripted_peer const slow(&read_slowly);
    line("a server that is unreachable", [&] { return connecting(l, at(nobody.where())); });
    line("a name that does not resolve", [&] { return connecting(l, "mongodb://no-such-host.invalid/"); });
    line("a TLS handshake that hangs", [&] { return connecting(l, at(silent.where(), "tls=true&")); });
    auto const several = fmt::format("mongodb://127.0.0.1:{},127.0.0.1:{},127.0.0.1:{}/?replicaSet=r0&{}",
                                     refusing.where().port, nobody.where().port, nobody_else.where().port, patiently);
    line("a server being selected among dead ones", [&] { return connecting(l, several); });
    auto insert = large_insert(); // making it is the program's work, and not the driver's
    line("15 MB sent to a slow peer", [&] { return inserting(l, at(slow.where()), std::move(insert)); });
    return all;
}

using bench::goal;

constexpr goal goals[] = {
    {"p99 of the lateness beside each of these, asio_loop", "asio", "p99", goal::at_most, 5, "ms"},
    {"longest, asio_loop", "asio", "longest", goal::at_most, 50, "ms"},
    {"of that processor time of the loop's thread, asio_loop", "asio", "busiest", goal::at_most, 50, "ms"},
#ifdef CODA_HAS_LIBEV
    {"p99 of the lateness beside each of these, ev_loop", "ev", "p99", goal::at_most, 5, "ms"},
    {"longest, ev_loop", "ev", "longest", goal::at_most, 50, "ms"},
    {"of that processor time of the loop's thread, ev_loop", "ev", "busiest", goal::at_most, 50, "ms"},
#endif
};

} // namespace

int main(int argc, char** argv) {
    bool const checks = argc == 2 && argv[1] == std::string_view("--check");
    if (argc > 1 && !checks) {
        fmt::print(stderr, "usage: bench-heartbeat [--check]\n");
        return 2;
    }
    fmt::print("How late a beat of 10 ms is, in milliseconds, over {} beats\n", beats);
    fmt::print("busiest: the most processor time of the loop's thread between two beats\n\n");
    fmt::print("{:<5} {:<40} {:>8} {:>8} {:>8} {:>8}\n", "loop", "beside", "p50", "p99", "longest", "busiest");
    bench::measurements measured;
    coda::asio_loop asio;
    measured["asio"] = report("asio", asio);
#ifdef CODA_HAS_LIBEV
    coda::ev_loop ev;
    measured["ev"] = report("ev", ev);
#endif
    bool const met = bench::print(bench::judge(goals, measured), true);
    return checks && !met ? EXIT_FAILURE : EXIT_SUCCESS;
}
