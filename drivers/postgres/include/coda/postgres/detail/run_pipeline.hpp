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

// The path of all statements of a pipeline, in one coroutine.
template <class Source, class... S>
operation<std::tuple<typename S::value_type...>> run_pipeline(Source source, std::tuple<S...> all) {
    context const& here = co_await this_context();
    if (here.loop != &source.home()) co_return used_from_another_loop("a postgres connection or client");
    std::array<statement_view, sizeof...(S)> statements;
    auto const good = encode_all(source, all, statements);
    if (good.has_error()) co_return good.error();

    session_choice choice(source);
    auto const on = co_await as_result(choice);
    if (on.has_error()) co_return on.error();
    std::array<result_set, sizeof...(S)> rows;
    batch flight(*on, statements, batch::whole, rows);
    auto const turn = co_await as_result(flight.turn());
    if (turn.has_error()) co_return turn.error();
    for (auto const& each : statements)
        if (!flight.add(each)) break;
    auto const ended = co_await as_result(flight.end(batch::keep::all));
    if (ended.has_error())
        co_return as_told(source, failed_in_batch(batch_error::of::statements, ended.error(), flight.failed_at()));
    co_return decode_all(all, rows, std::index_sequence_for<S...>());
}

} // namespace coda::pg::detail
