// SPDX-License-Identifier: BSL-1.0
// The contract of streams: what is read is the truth as far as it goes, an end is told only when it is one, and who
// leaves disturbs nobody. For stores whose driver has them: to be included behind contract.hpp.
#pragma once

#include "faults.hpp"
#include "support/cancel_everywhere.hpp"

#include <string>
#include <tuple>

namespace coda::test {

template <class S>
concept store_with_streams = store<S> && requires(S& s, typename S::stream_source& from, loop& l, std::string text,
                                                  client_limits const& limits, std::int32_t n) {
    /// What streams are made of, with one connection: a connection, or a client that leases it.
    { S::make_stream_source(l, text, limits) } -> std::same_as<std::unique_ptr<typename S::stream_source>>;
    { S::connect(from) } -> std::same_as<operation<>>;
    { S::echo(from, text) } -> std::same_as<operation<std::string>>;
    /// The rows 1 to `n`, each with so many times the letter x.
    { s.rows(from, n, n) } -> std::same_as<stream<std::tuple<std::int32_t, std::string>>>;
    /// What ends another request while a stream is open, which has 30 ms.
    { S::while_streaming() } -> std::same_as<error_code>;
    /// Bytes that may be on their way, or read, without being asked for.
    { S::most_read_ahead } -> std::convertible_to<std::size_t>;
};

} // namespace coda::test

namespace coda::test::contract_tests {

static_assert(coda::test::store_with_streams<contract_store>);

template <coda::test::store Store>
class contract_streams : public contract<Store> {
protected:
    using source = typename Store::stream_source;

    void TearDown() override {
        sources_.clear();
        contract<Store>::TearDown();
    }
    // Connected, through the proxy.
    source& open(client_limits limits = {}) {
        auto uri = this->store().uri_at(this->proxy().where());
        sources_.push_back(Store::make_stream_source(this->loop(), std::move(uri), limits));
        source& from = *sources_.back();
        static_cast<void>(rows(from, 3'000)); // a store may have to make them first, which blocks
        auto const connect = [&]() -> task<> { co_await Store::connect(from); };
        this->run(connect());
        return from;
    }
    auto rows(source& from, int count, int width = 3) { return this->store().rows(from, count, width); }

    // Reads all; every row is the right one, whatever ends it.
    task<> read(source& from, int count, int width = 3) {
        seen_ = 0;
        auto all = rows(from, count, width);
        while (auto const row = co_await all.next()) expect_row(*row, ++seen_, width);
        EXPECT_EQ(seen_, count) << "an end that is none";
    }
    // Rows that the last `read` has seen.
    int seen() const noexcept { return seen_; }
    template <class Row>
    static void expect_row(Row const& row, int number, int width) {
        EXPECT_EQ(std::get<0>(row), number);
        EXPECT_EQ(std::get<1>(row).size(), static_cast<std::size_t>(width));
        EXPECT_EQ(std::get<1>(row).find_first_not_of('x'), std::string::npos);
    }
    template <class Stream>
    static task<> expect_next(Stream& from, int number, int width = 3) {
        auto const row = co_await from.next();
        EXPECT_TRUE(row);
        if (row) expect_row(*row, number, width);
    }
    task<> expect_answer(source& from, std::string text) {
        auto const r = co_await as_result(Store::echo(from, text));
        EXPECT_TRUE(r.has_value()) << r.error().message();
        if (r.has_value()) {
            EXPECT_EQ(*r, text);
        }
    }
    // More than may be on its way unread.
    static constexpr int wide = 4000;
    static constexpr int many = static_cast<int>(3 * Store::most_read_ahead / wide);

    std::uint64_t bytes_received() { return this->proxy().stats().to_client.forwarded; }

    // The connection is cut after 0, 1, 2 ... bytes that way (`step` of them later on), until all rows come before.
    void cut_at_bytes(direction d, std::uint64_t step) {
        int cuts = 0;
        bool through = false;
        for (std::uint64_t n = 0; n < 100'000 && !through; n += n < 150 ? 1 : step) {
            source& from = open();
            flow_faults const fault{.cut_after = n, .how = n % 2 == 0 ? cut::close : cut::reset};
            auto const body = [&]() -> task<> {
                co_await expect_answer(from, "warm");
                this->proxy().apply(one_way(d, fault));
                auto const r = co_await as_result(read(from, 120));
                through = r.has_value();
                if (through) co_return;
                ++cuts;
                this->expect_error(r, coda::errc::connection_lost, outcome::unknown);
                EXPECT_LE(seen(), 120);
            };
            this->run(body());
            this->proxy().heal();
            sources_.clear();
        }
        EXPECT_TRUE(through);
        EXPECT_GT(cuts, 10);
    }

private:
    std::vector<std::unique_ptr<source>> sources_;
    int seen_ = 0;
};

CODA_CONTRACT_TEST(contract_streams, give_every_row_in_order_and_then_the_end) {
    auto& from = this->open();
    auto const body = [&]() -> task<> {
        for (int const count : {0, 1, 2, 3'000}) {
            co_await this->read(from, count);
            co_await this->expect_answer(from, fmt::format("behind {}", count));
        }
        auto none = this->rows(from, 0);
        for (int i = 0; i < 2; ++i) {
            auto const end = co_await none.next();
            EXPECT_FALSE(end);
        }
    };
    this->run(body());
    EXPECT_EQ(this->proxy().stats().accepted, 1u);
}

CODA_CONTRACT_TEST(contract_streams, in_single_bytes_are_the_same) {
    auto& from = this->open();
    this->proxy().apply({.to_server = {.chunk = 1}, .to_client = {.chunk = 1}});
    this->run(this->read(from, 60));
}

CODA_CONTRACT_TEST(contract_streams, cancelled_before_the_first_row_end_at_once) {
    auto& from = this->open();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_answer(from, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        auto reader = s.spawn(this->read(from, 3'000));
        co_await this->until_sent(before);
        co_await gives(reader.cancel(), outcome::unknown, "while its rows are still held");
        s.spawn(this->expect_answer(from, "behind it"));
        co_await coda::yield();
        this->proxy().heal();
        co_await this->expect_answer(from, "after it");
    };
    this->run_in_scope(body);
    EXPECT_EQ(this->seen(), 0);
    this->expect_connections_made(1);
}

CODA_CONTRACT_TEST(contract_streams, cancelled_between_rows_end_at_once) {
    auto& from = this->open();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_answer(from, "warm");
        auto const before = this->bytes_received();
        this->proxy().apply({.to_client = {.stall_after = 3'000}});
        auto reader = s.spawn(this->read(from, 3'000));
        co_await until([&] { return this->bytes_received() == before + 3'000; });
        co_await coda::sleep_for(1ms); // most have been read, or all that came
        co_await gives(reader.cancel(), outcome::unknown, "while the others are still held");
        this->proxy().heal();
        co_await this->expect_answer(from, "after it");
    };
    this->run_in_scope(body);
    EXPECT_LT(this->seen(), 3'000);
    this->expect_connections_made(1);
}

CODA_CONTRACT_TEST(contract_streams, past_their_deadline_end_at_once) {
    auto& from = this->open();
    auto const body = [&]() -> task<> {
        co_await this->expect_answer(from, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        auto all = this->rows(from, 3'000);
        auto const r = co_await as_result(coda::with_timeout(20ms, all.next()));
        this->expect_error(r, coda::errc::timed_out, outcome::unknown);
        co_await this->until_sent(before);
        auto const end = co_await all.next();
        EXPECT_FALSE(end) << "its error is told once";
        this->proxy().heal();
        co_await this->expect_answer(from, "next");
    };
    this->run(body());
    this->expect_connections_made(1);
}

CODA_CONTRACT_TEST(contract_streams, without_a_deadline_have_one_for_each_wait) {
    auto& from = this->open({.operation_timeout = 30ms, .drain_timeout = 30ms});
    auto const body = [&]() -> task<> {
        this->hold_replies();
        auto const r = co_await as_result(this->read(from, 3'000));
        this->expect_error(r, coda::errc::timed_out, outcome::unknown);
    };
    this->run(body());
    EXPECT_EQ(this->seen(), 0);
}

CODA_CONTRACT_TEST(contract_streams, under_a_context_that_has_ended_send_nothing) {
    auto& from = this->open();
    auto const body = [&]() -> task<> {
        co_await this->expect_answer(from, "text");
        co_await this->read(from, 3);
        auto before = this->bytes_sent();
        co_await this->expect_answer(from, "text");
        auto const of_one = this->bytes_sent() - before;
        before = this->bytes_sent();
        coda::cancel_source stop;
        stop.request();
        auto const r = co_await as_result(coda::with_cancellation(stop.token(), this->read(from, 3)));
        this->expect_error(r, coda::errc::cancelled, outcome::not_sent);
        for (auto const limit : {coda::duration(0), coda::duration(-1s)}) {
            auto const late = co_await as_result(coda::with_timeout(limit, this->read(from, 3)));
            this->expect_error(late, coda::errc::timed_out, outcome::not_sent);
        }
        co_await this->expect_answer(from, "text");
        EXPECT_EQ(this->bytes_sent() - before, of_one);
    };
    this->run(body());
    EXPECT_EQ(this->proxy().stats().accepted, 1u) << "the connection is untouched";
}

CODA_CONTRACT_TEST(contract_streams, left_early_give_nothing_to_the_next) {
    auto& from = this->open();
    auto const body = [&]() -> task<> {
        for (int const taken : {0, 1, 2, 100}) {
            {
                auto all = this->rows(from, 3'000);
                for (int i = 1; i <= taken; ++i) co_await this->expect_next(all, i);
            }
            co_await this->expect_answer(from, fmt::format("after {}", taken));
            co_await this->read(from, 5);
        }
    };
    this->run(body());
    if (Store::shares_connections) {
        EXPECT_EQ(this->proxy().stats().accepted, 1u);
    }
}

CODA_CONTRACT_TEST(contract_streams, destroyed_in_flight_disturb_nobody) {
    auto& from = this->open();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_answer(from, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        std::optional<scope> place(std::in_place, this->loop());
        place->spawn(this->read(from, 3'000));
        co_await this->until_sent(before);
        place.reset();
        s.spawn(this->expect_answer(from, "behind it"));
        co_await coda::yield();
        this->proxy().heal();
        co_await this->expect_answer(from, "after it");
    };
    this->run_in_scope(body);
    this->expect_connections_made(1);
}

CODA_CONTRACT_TEST(contract_streams, refuse_others_on_their_connection_and_go_on) {
    auto& from = this->open();
    auto const body = [&]() -> task<> {
        {
            auto all = this->rows(from, 3'000);
            co_await this->expect_next(all, 1);
            for (int i = 2; i < 5; ++i) {
                auto const other = co_await as_result(coda::with_timeout(30ms, Store::echo(from, "other")));
                this->expect_error(other, Store::while_streaming(), outcome::not_sent);
                auto second = this->rows(from, 1);
                auto const row = co_await as_result(coda::with_timeout(30ms, second.next()));
                this->expect_error(row, Store::while_streaming(), outcome::not_sent);
                co_await this->expect_next(all, i);
            }
        }
        co_await this->expect_answer(from, "after it");
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract_streams, cut_at_any_byte_of_the_servers_end_in_a_typed_error_behind_the_right_rows) {
    this->cut_at_bytes(direction::to_client, 29);
}
CODA_CONTRACT_TEST(contract_streams, cut_at_any_byte_of_ours_end_in_a_typed_error_behind_the_right_rows) {
    this->cut_at_bytes(direction::to_server, 1);
}

CODA_CONTRACT_TEST(contract_streams, whose_connection_the_server_ends_say_so) {
    auto& from = this->open();
    auto const body = [&]() -> task<> {
        auto all = this->rows(from, this->many, this->wide);
        int seen = 0;
        co_await this->expect_next(all, ++seen, this->wide);
        this->store().kill_connections();
        coda::error why;
        while (!why.code()) {
            auto const row = co_await as_result(all.next());
            EXPECT_TRUE(row.has_error() || *row) << "an end that is none, after " << seen;
            if (row.has_value() && !*row) break;
            if (row.has_error())
                why = row.error();
            else
                this->expect_row(**row, ++seen, this->wide);
        }
        EXPECT_LT(seen, this->many);
        EXPECT_EQ(why.kind(), coda::error_class::connection_lost) << why.message();
        EXPECT_EQ(why.outcome(), outcome::unknown) << why.message();
    };
    this->run(body());
}

// What is not asked for stays with the server.
CODA_CONTRACT_TEST(contract_streams, of_a_reader_who_pauses_hold_the_server_back) {
    auto& from = this->open();
    auto const before = this->bytes_received();
    auto const body = [&]() -> task<> {
        auto all = this->rows(from, this->many, this->wide);
        int seen = 0;
        co_await this->expect_next(all, ++seen, this->wide);
        std::uint64_t received = 0;
        for (int quiet = 0; quiet < 25; ++quiet) {
            if (std::exchange(received, this->bytes_received()) != received) quiet = 0;
            co_await coda::sleep_for(2ms);
        }
        EXPECT_LT(received - before, Store::most_read_ahead);
        while (auto const row = co_await all.next()) this->expect_row(*row, ++seen, this->wide);
        EXPECT_EQ(seen, this->many);
    };
    this->run(body());
    EXPECT_GT(this->bytes_received() - before, static_cast<std::uint64_t>(this->many) * this->wide);
}

CODA_CONTRACT_TEST(contract_streams, cancelled_anywhere_leave_the_next_alone) {
    auto& from = this->open();
    auto const attempt = [&]() -> task<bool> {
        auto const r = co_await as_result(this->read(from, 300));
        if (r.has_error()) {
            EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
        }
        co_await coda::shield(this->expect_answer(from, "after it"));
        co_await coda::shield(this->read(from, 3));
        co_return r.has_value();
    };
    auto const cancelled = this->run(coda::test::cancel_everywhere(attempt));
    EXPECT_GT(cancelled, 0);
    if (Store::shares_connections) {
        EXPECT_EQ(this->proxy().stats().accepted, 1u);
    }
}

} // namespace coda::test::contract_tests
