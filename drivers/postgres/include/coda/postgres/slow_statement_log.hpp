// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/observer.hpp>

#include <functional>

namespace coda::pg {

/// What a slow_statement_log writes.
struct slow_statement_options {
    /// Statements that took as long are written: queued, on the server and decoding together. 0 (all) to 24 h.
    duration after = std::chrono::milliseconds(500);
    /// Whether the values of parameters are written, which may be anybody's secrets.
    bool parameters = false;
    /// Of a statement's text, and of each value, so many bytes at most. 1 to 1,000,000.
    std::size_t most = 1'000;
};

/// Writes statements that took long, one line each:
///
///     slow statement: 1203.4 ms (queued 0.1, server 1203.2, decoding 0.1), 12 rows, cached: select ...
///
/// Of one that failed the SQLSTATE or code is written and not the message, which may quote a value. The text is written
/// as it stands but for control characters: values belong into parameters.
///
///     coda::pg::slow_statement_log slow({.after = 100ms}, [](std::string_view line) { std::clog << line << '\n'; });
///     coda::pg::client db(loop, uri, {.connection = {.observer = &slow}});
class slow_statement_log final : public statement_observer {
public:
    /// `write` is called on the thread of the statement's loop; what it throws is dropped. Throws `exception`
    /// (coda::errc::invalid_argument) that names the option out of range, or says that there is no `write`.
    slow_statement_log(slow_statement_options options, std::function<void(std::string_view line)> write);

    void on_statement(statement_event const& e) noexcept override;

private:
    slow_statement_options options_;
    std::function<void(std::string_view)> write_;
};

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(slow_statement_options const&);

} // namespace coda::pg
