// SPDX-License-Identifier: BSL-1.0
#include "report/terminal.hpp"

#include "clients/client.hpp"

#include <fmt/format.h>

#include <sstream>
#include <string_view>

namespace coda::bench {
namespace {

constexpr std::size_t columns = 100;

// Breaks at spaces; lines after the first are indented.
std::string wrapped(std::string_view bullet, std::string const& text) {
    std::string const indent(bullet.size(), ' ');
    std::string out(bullet);
    std::size_t used = bullet.size();
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (used > bullet.size() && used + 1 + word.size() > columns) {
            out += "\n" + indent;
            used = indent.size();
        } else if (used > bullet.size()) {
            out += ' ';
            ++used;
        }
        out += word;
        used += word.size();
    }
    return out + "\n";
}

std::string line(row const& r) {
    auto const client = r.what.loop == no_loop[0] ? r.what.client : r.what.client + "/" + r.what.loop;
    auto const waiter = r.bytes_per_waiter ? fmt::format("{:.0f}", *r.bytes_per_waiter) : std::string("-");
    auto out = fmt::format("{:<6} {:>5} {:<10} {:>6} {:>5} {:>9.0f} {:>4.0f}% {:>9.0f} {:>9.0f} {:>7.1f} "
                           "{:>8} {:>8}",
                           r.what.workload, fmt::format("{:g}", r.what.latency_ms), client, r.what.concurrency,
                           r.what.connections, r.ops_per_second.median, r.ops_per_second.spread() * 100, r.p50_us,
                           r.p99_us, r.cpu_us_per_op.median, r.rss_kib, waiter);
    if (r.errors > 0) out += fmt::format("\n       {} ERRORS: {}", r.errors, r.first_error);
    if (!r.failures.empty()) out += fmt::format("\n       FAILED: {}", r.failures.front());
    return out + "\n";
}

} // namespace

std::string summary_text(std::span<row const> rows, findings const& f) {
    auto out = fmt::format("{:<6} {:>5} {:<10} {:>6} {:>5} {:>9} {:>5} {:>9} {:>9} {:>7} {:>8} {:>8}\n", "", "delay",
                           "", "in", "conn", "", "", "p50", "p99", "CPU", "peak", "bytes/");
    out += fmt::format("{:<6} {:>5} {:<10} {:>6} {:>5} {:>9} {:>5} {:>9} {:>9} {:>7} {:>8} {:>8}\n", "work", "ms",
                       "client", "flight", "", "op/s", "+-", "us", "us", "us/op", "RSS KiB", "waiter");
    for (auto const* before = &rows.front(); auto const& r : rows) {
        if (r.what.store != before->what.store)
            out += fmt::format("\n{}\n", r.what.store);
        else if (r.what.workload != before->what.workload || r.what.latency_ms != before->what.latency_ms)
            out += "\n";
        out += line(r);
        before = &r;
    }
    for (auto const& c : f.chapters) {
        out += "\n";
        if (f.chapters.size() > 1) out += title_of(c.store) + "\n";
        out += wrapped("", c.headline);
        for (auto const& sentence : c.sentences) out += wrapped("- ", sentence);
    }
    return out;
}

} // namespace coda::bench
