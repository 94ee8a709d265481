// SPDX-License-Identifier: BSL-1.0
#include "progress.hpp"

#include "clients/client.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace coda::bench {
namespace {

std::size_t width_of(std::FILE* terminal) {
    winsize w{};
    return ::ioctl(::fileno(terminal), TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

std::string minutes(double seconds) {
    auto const s = static_cast<int>(seconds + 0.5);
    return fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string bar(std::size_t done, std::size_t total) {
    constexpr std::size_t cells = 20;
    auto const full = total ? done * cells / total : 0;
    return std::string(full, '#') + std::string(cells - full, '.');
}

} // namespace

std::string in_words(cell const& c) {
    auto const loop = c.loop == no_loop[0] ? "" : "/" + c.loop;
    auto out = fmt::format("{}, {}{}, {} in flight on {} connection{}", c.workload, c.client, loop, c.concurrency,
                           c.connections, c.connections == 1 ? "" : "s");
    if (c.latency_ms > 0) out += fmt::format(", {} ms each way", c.latency_ms);
    return out;
}

progress::progress(std::FILE* to) : to_(to), terminal_(::isatty(::fileno(to)) == 1) {}

progress::~progress() {
    if (terminal_) fmt::print(to_, "\r\x1b[K");
    std::fflush(to_);
}

void progress::begins(cell const& what, std::uint32_t round, std::size_t position, std::size_t total) {
    what_ = what;
    round_ = round;
    position_ = position;
    total_ = total;
    draw();
}

void progress::goes_on() { draw(); }

void progress::ends(std::variant<sample, failure> const& how) {
    auto const* s = std::get_if<sample>(&how);
    last_ = s ? fmt::format("{:.0f} op/s, p99 {:.0f} us, {:.1f} us CPU each", s->found.ops_per_second, s->found.p99_us,
                            s->found.cpu_us_per_op)
              : "failed: " + std::get<failure>(how).why;
    if (s && s->found.errors > 0) last_ += fmt::format(", {} ERRORS ({})", s->found.errors, s->found.first_error);
    if (terminal_) return;
    fmt::print(to_, "{}/{}  round {}  {}: {}\n", position_, total_, round_, in_words(what_), last_);
    std::fflush(to_);
}

void progress::draw() {
    if (!terminal_) return;
    auto const spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    auto const done = position_ - 1;
    auto line = fmt::format("[{}] {}/{}", bar(done, total_), done, total_);
    if (done > 0)
        line += " " + minutes(spent / static_cast<double>(done) * static_cast<double>(total_ - done)) + " left";
    line += "  " + in_words(what_);
    if (!last_.empty()) line += "   (before: " + last_ + ")";
    fmt::print(to_, "\r\x1b[K{}", line.substr(0, width_of(to_) - 1));
    std::fflush(to_);
}

} // namespace coda::bench
