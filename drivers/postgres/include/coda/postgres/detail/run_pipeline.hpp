// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/run_many.hpp>
#include <coda/postgres/statement.hpp>

namespace coda::pg::detail {

// The statements of a pipeline as libpq takes them, or why one of them cannot be sent.
template <class Source, class... S, std::size_t N>
result<> encode_all(Source const& source, std::tuple<S...>& all, std::array<statement_view, N>& to) {
    result<> good;
    std::size_t at = 0;
    auto const encode = [&](auto& each) {
        good = admitted(source, each.sql());
        if (good.has_error()) return false;
        auto const encoded = each.encode();
        if (encoded.has_value())
            to[at++] = *encoded;
        else
            good = encoded.error();
        return encoded.has_value();
    };
    std::apply([&](auto&... each) { (void)(... && encode(each)); }, all);
    if (good.has_error()) return failed_in_batch(batch_error::of::statements, good.error(), at);
    return {};
}

// What each gave, or the first that cannot be read.
template <class... S, std::size_t... I>
result<std::tuple<typename S::value_type...>> decode_all(std::tuple<S...> const&,
                                                         std::array<result_set, sizeof...(S)>& rows,
                                                         std::index_sequence<I...>) {
    std::tuple<result<typename S::value_type>...> read{S::decode(std::move(rows[I]))...};
    result<> good;
    auto const check = [&good](std::size_t at, auto const& each) {
        if (each.has_error()) good = failed_in_batch(batch_error::of::statements, each.error(), at, sizeof...(S));
        return each.has_value();
    };
    (void)(... && check(I, std::get<I>(read)));
    if (good.has_error()) return good.error();
    return std::tuple<typename S::value_type...>{std::move(*std::get<I>(read))...};
}

// The statements of a pipeline as their observer is told of them. Those that were undone or not run because of another
// have failed with it.
template <std::size_t N>
class observed_flight {
public:
    observed_flight(statement_observer* who, std::array<statement_view, N> const& all) {
        for (std::size_t i = 0; i < N; ++i) each_[i].emplace(who, all[i]);
    }
    observed_flight(observed_flight const&) = delete;
    observed_flight& operator=(observed_flight const&) = delete;

    statement_notes* notes() noexcept { return each_[0]->notes(); }
    void failed(error const& why) noexcept {
        for (auto& one : each_) one->failed(why);
        share_notes();
    }
    void came(std::array<result_set, N> const& rows) noexcept {
        for (std::size_t i = 0; i < N; ++i) each_[i]->came(rows[i]);
        share_notes();
    }
    // All of them stand, even where the values of one cannot be read.
    template <class T>
    void decoded(result<T> const& values) noexcept {
        for (auto& one : each_) one->decoded(result<>());
        if (!values.has_error()) return;
        auto const* const where = values.error().template details<batch_error>();
        if (where != nullptr && where->index && *where->index < N) each_[*where->index]->failed(values.error());
    }
    ~observed_flight() {
        for (auto& one : each_) one->tell(); // in their order
    }

private:
    void share_notes() noexcept {
        for (auto& one : each_) one->as_in(*each_[0]);
    }

    std::array<std::optional<observed>, N> each_;
};

// The path of all statements of a pipeline, in one coroutine.
template <class Source, class... S>
operation<std::tuple<typename S::value_type...>> run_pipeline(Source source, std::tuple<S...> all) {
    context const& here = co_await this_context();
    if (here.loop != &source.home()) co_return used_from_another_loop("a postgres connection or client");
    std::array<statement_view, sizeof...(S)> statements;
    std::optional<observed_flight<sizeof...(S)>> watch;
    for (bool first = true;; first = false) { // once more at most
        auto const good = encode_all(source, all, statements);
        if (good.has_error()) co_return noted(watch, good.error());
        if (!watch) watch.emplace(source.observer(), statements);
        session_choice choice(source);
        auto const on = co_await as_result(choice);
        if (on.has_error()) co_return noted(watch, on.error());
        std::array<result_set, sizeof...(S)> rows;
        batch flight(*on, statements, batch::whole, rows);
        flight.note_on(watch->notes());
        auto const turn = co_await as_result(flight.turn());
        if (turn.has_error()) co_return noted(watch, turn.error());
        for (auto const& each : statements)
            if (!flight.add(each)) break;
        auto const ended = co_await as_result(flight.end(batch::keep::all));
        if (ended.has_value()) {
            watch->came(rows);
            auto values = decode_all(all, rows, std::index_sequence_for<S...>());
            watch->decoded(values);
            co_return values;
        }
        if (first && flight.may_begin_again()) continue;
        watch->failed(ended.error());
        co_return as_told(source, failed_in_batch(batch_error::of::statements, ended.error(), flight.failed_at()));
    }
}

} // namespace coda::pg::detail
