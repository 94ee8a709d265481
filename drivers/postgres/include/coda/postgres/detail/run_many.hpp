// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/session_choice.hpp>
#include <coda/postgres/arguments.hpp>
#include <coda/postgres/batch_error.hpp>
#include <coda/postgres/detail/batch.hpp>
#include <coda/postgres/detail/observed.hpp>
#include <coda/postgres/many_options.hpp>
#include <coda/postgres/sql_text.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/this_context.hpp>

#include <ranges>

namespace coda::pg::detail {

// What must hold before a statement is sent by way of `source`.
template <class Source>
result<> admitted(Source const& source, std::string_view sql) {
    if constexpr (requires { source.admit(sql); }) return source.admit(sql);
    return {};
}

// A failure as its caller is told of it, where the source has a say in that: a transaction has.
template <class Source>
error as_told(Source const& source, error const& why) {
    if constexpr (requires { source.failed(why); })
        return source.failed(why);
    else
        return why;
}

// A failure of which an observer is told as well, where there is one by then.
template <class Watch>
error noted(std::optional<Watch>& watch, error const& why) noexcept {
    if (watch) watch->failed(why);
    return why;
}

// How the elements of a range are parameters: those of a tuple or pair each, anything else by itself. Refers to them.
template <class Set>
struct set_parameters {
    using type = parameters_for<Set const&>;
    static void refer(Set const& from, std::optional<type>& to) { to.emplace(std::in_place, from); }
};
template <class... E>
struct set_parameters<std::tuple<E...>> {
    using type = parameters_for<std::remove_reference_t<E> const&...>;
    static void refer(std::tuple<E...> const& from, std::optional<type>& to) {
        std::apply([&to](auto const&... each) { to.emplace(std::in_place, each...); }, from);
    }
};
template <class A, class B>
struct set_parameters<std::pair<A, B>> {
    using type = parameters_for<std::remove_reference_t<A> const&, std::remove_reference_t<B> const&>;
    static void refer(std::pair<A, B> const& from, std::optional<type>& to) {
        to.emplace(std::in_place, from.first, from.second);
    }
};

// One set of a range at a time, as libpq takes it.
template <class Set>
class encoded_set {
public:
    // Valid until the next, and as long as `from`.
    result<statement_view> encode(std::string_view sql, Set const& from) {
        set_parameters<Set>::refer(from, values_);
        return values_->encode(sql);
    }

private:
    std::optional<typename set_parameters<Set>::type> values_;
};

// Writes sets until the range ends, one cannot be sent, or it is of no use to go on. Gives why one cannot be sent.
// `at` is which of them comes next.
template <class Iterator, class End>
class set_writer {
public:
    set_writer(std::string_view sql, Iterator first, End last) : sql_(sql), next_(std::move(first)), end_(last) {}

    bool at_end() const { return next_ == end_; }
    std::size_t at() const noexcept { return at_; }

    // The types of the parameters, which all sets have alike; or why the first cannot be sent. There must be one.
    result<statement_view> announce() {
        using set = std::iter_reference_t<Iterator>;
        static_assert(
            std::is_lvalue_reference_v<set> || !std::is_same_v<std::remove_cvref_t<set>, arguments>,
            "the first of these pg::arguments is referred to until all are sent: give a range of such as exist, "
            "a std::vector of them");
        decltype(auto) first = *next_;
        return set_.encode(sql_, first);
    }

    // As much as makes a part. False: no more is to be written.
    result<bool> write_part(batch& to) {
        while (!at_end()) {
            decltype(auto) set = *next_;
            auto const statement = set_.encode(sql_, set);
            if (statement.has_error()) return statement.error();
            if (!to.add(*statement)) return false;
            ++next_;
            ++at_;
            if (to.part_is_full()) return !at_end();
        }
        return false;
    }

private:
    std::string_view sql_;
    Iterator next_;
    End end_;
    std::size_t at_ = 0;
    encoded_set<std::remove_cvref_t<std::iter_reference_t<Iterator>>> set_;
};

// Writes all that `writer` has, and waits for the end. Gives what has failed: the server's first error, or else what
// could not be sent, which undoes what has no Sync yet.
template <class Writer>
operation<> fly(batch& flight, Writer& writer) {
    auto more = writer.write_part(flight);
    result<> good;
    while (more.has_value() && *more && good.has_value()) {
        good = co_await as_result(flight.part());
        if (good.has_value()) more = writer.write_part(flight);
    }
    auto const keep = more.has_value() && good.has_value() ? batch::keep::all : batch::keep::none;
    good = co_await as_result(flight.end(keep));
    constexpr auto sets = batch_error::of::parameter_sets;
    if (good.has_error()) co_return failed_in_batch(sets, good.error(), flight.failed_at(), flight.stored());
    if (more.has_error())
        co_return failed_in_batch(sets, more.error().with_outcome(outcome::completed), writer.at(), flight.stored());
    co_return result<>();
}

// The path of all sets.
template <class Source, class Sets>
operation<std::uint64_t> run_many(Source source, sql_text text, Sets sets, many_options options) {
    std::string_view const sql = text;
    context const& here = co_await this_context();
    if (here.loop != &source.home()) co_return used_from_another_loop("a postgres connection or client");
    result<> good = check(options);
    if (good.has_error()) co_return good.error();

    std::optional<observed> watch;
    statement_view const all_sets{sql, {}};
    for (bool first = true;; first = false) { // once more at most
        good = admitted(source, sql);
        if (good.has_error()) co_return noted(watch, good.error());
        set_writer writer(sql, std::ranges::begin(sets), std::ranges::end(sets));
        if (writer.at_end()) co_return std::uint64_t{0};
        auto const set = writer.announce();
        if (set.has_error()) co_return noted(watch, failed_in_batch(batch_error::of::parameter_sets, set.error(), 0));

        if (!watch) watch.emplace(source.observer(), all_sets);
        session_choice choice(source);
        auto const on = co_await as_result(choice);
        if (on.has_error()) co_return noted(watch, on.error());
        batch flight(*on, std::span(&*set, 1), options.atomic ? batch::whole : options.chunk);
        flight.note_on(watch->notes());
        auto const turn = co_await as_result(flight.turn());
        if (turn.has_error()) co_return noted(watch, turn.error());
        auto const flown = co_await as_result(fly(flight, writer));
        watch->were(writer.at(), flight.affected());
        if (!flown.has_error()) {
            watch->succeeded();
            co_return flight.affected();
        }
        constexpr bool readable_again = std::ranges::forward_range<Sets>;
        if (readable_again && first && flight.may_begin_again()) continue;
        co_return as_told(source, noted(watch, flown.error()));
    }
}

} // namespace coda::pg::detail
