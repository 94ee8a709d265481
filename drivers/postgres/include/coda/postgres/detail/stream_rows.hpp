// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/row_feed.hpp>
#include <coda/postgres/detail/run_many.hpp>
#include <coda/postgres/sql_text.hpp>
#include <coda/runtime/stream.hpp>

namespace coda::pg::detail {

// One row as T; where its columns are is found out with the first.
template <class T>
class one_by_one {
public:
    result<T> read(result_set const& row) {
        if (!reader_) {
            auto made = row_reader<T>::make(row);
            if (made.has_error()) return made.error();
            reader_ = *made;
        }
        T value{};
        auto const good = reader_->read(row, 0, value);
        if (good.has_error()) return good.error();
        return value;
    }

private:
    std::optional<row_reader<T>> reader_;
};

// The body of a stream of rows.
template <class T, class Source, class Parameters>
stream<T> stream_rows(Source source, sql_text text, Parameters values) {
    std::string_view const sql = text;
    context const& here = co_await this_context();
    result<> good;
    if (here.loop != &source.home()) good = used_from_another_loop("a postgres connection");
    if (good.has_value()) good = admitted(source, sql);
    auto const statement = values.encode(sql);
    if (good.has_value() && statement.has_error()) good = statement.error();
    if (good.has_error()) {
        co_yield good.error();
        co_return;
    }
    observed watch(source.observer(), sql);
    session_choice choice(source);
    auto const on = co_await as_result(choice);
    if (on.has_error()) {
        watch.failed(on.error());
        co_yield on.error();
        co_return;
    }
    row_feed feed(*on, *statement);
    feed.note_on(watch.notes());
    one_by_one<T> rows;
    while (true) {
        auto const row = co_await as_result(feed.next());
        if (row.has_error()) {
            watch.failed(row.error());
            co_yield as_told(source, row.error());
            co_return;
        }
        if (!*row) {
            watch.succeeded();
            co_return;
        }
        watch.came(**row);
        auto value = rows.read(**row);
        watch.was_read();
        if (value.has_error()) watch.failed(value.error());
        co_yield std::move(value);
    }
}

} // namespace coda::pg::detail
