// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/error.hpp>
#include <coda/postgres/slow_statement_log.hpp>
#include <coda/runtime/option_check.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda::pg {

namespace {

double milliseconds(duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

std::string_view name_of(statement_use use) {
    switch (use) {
    case statement_use::not_sent: return "not sent";
    case statement_use::cached: return "cached";
    case statement_use::prepared: return "prepared";
    case statement_use::unprepared: break;
    }
    return "unprepared";
}

std::string in_one_line(std::string_view sql, std::size_t most) {
    std::string text(sql.substr(0, most));
    std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
    return sql.size() > most ? text + "..." : text;
}

std::string failure_of(error const& e) {
    auto const* const said = e.details<server_error>();
    return said != nullptr ? "SQLSTATE " + said->code : e.code().message();
}

std::string line_about(statement_event const& e, slow_statement_options const& o) {
    auto line = fmt::format("slow statement: {:.1f} ms (queued {:.1f}, server {:.1f}, decoding {:.1f})",
                            milliseconds(e.queued + e.server + e.decoding), milliseconds(e.queued),
                            milliseconds(e.server), milliseconds(e.decoding));
    if (e.sets > 1) line += fmt::format(", {} sets", e.sets);
    line += fmt::format(", {} rows, {}", e.rows > 0 ? e.rows : e.affected, name_of(e.use));
    if (e.failure != nullptr) line += ", failed with " + failure_of(*e.failure);
    line += ": " + in_one_line(e.sql, o.most);
    if (o.parameters && e.parameters.size() > 0) line += " -- " + e.parameters.to_string(o.most);
    return line;
}

} // namespace

slow_statement_log::slow_statement_log(slow_statement_options options, std::function<void(std::string_view line)> write)
    : options_(options), write_(std::move(write)) {
    check(options_).value();
    if (!write_)
        throw exception(error(make_error_code(coda::errc::invalid_argument), "slow_statement_log without write"));
}

void slow_statement_log::on_statement(statement_event const& e) noexcept {
    if (e.queued + e.server + e.decoding < options_.after) return;
    try {
        write_(line_about(e, options_));
    } catch (...) {} // a log must not fail what it tells of
}

result<> check(slow_statement_options const& o) {
    return first_error({check_duration_or_zero("after", o.after), check_range("most", o.most, 1, 1'000'000)});
}

} // namespace coda::pg
