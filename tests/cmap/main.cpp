// SPDX-License-Identifier: BSL-1.0
// cmap-runner [--seconds N] FILE...: plays cases of MongoDB's Connection Monitoring and Pooling specification with a
// coda::pool, and prints a line for each. Exit code 1 when one failed, 2 when one could not be played.
#include "play.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <span>

namespace {

enum class verdict { passed, failed, not_played };

constexpr char const* usage = "usage: cmap-runner [--seconds N] FILE...\n"
                              "  --seconds N   how long a case may take, 0 to 3600 (30)\n";

// A case is a line, whatever its author wrote.
std::string on_one_line(std::string text) {
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' '; }, ' ');
    return text;
}

verdict run(std::string const& path, std::chrono::seconds real_time) {
    try {
        auto const c = coda::cmap::read_case(path);
        auto const wrong = coda::cmap::play(c, real_time);
        fmt::print("{} {}: {}{}{}\n", wrong ? "FAILED" : "passed", path, on_one_line(c.description), wrong ? ": " : "",
                   wrong.value_or(""));
        return wrong ? verdict::failed : verdict::passed;
    } catch (std::exception const& why) {
        fmt::print("ERROR  {}: {}\n", path, on_one_line(why.what()));
        return verdict::not_played;
    }
}

// A loop takes SIGINT and SIGTERM as requests to its root task, and one in virtual time would not notice them.
extern "C" void end_at_once(int signal) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void take_signals() {
    for (int const each : {SIGINT, SIGTERM})
        if (std::signal(each, &end_at_once) == SIG_IGN) std::signal(each, SIG_IGN); // as nohup has it
}

// Takes "--seconds N" away. Nothing where N is no such number.
std::optional<std::chrono::seconds> real_time(std::span<char*>& arguments) {
    if (arguments.empty() || arguments[0] != std::string_view("--seconds")) return std::chrono::seconds(30);
    std::string_view const text = arguments.size() > 1 ? arguments[1] : "";
    int seconds = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failed != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > 3600) return {};
    arguments = arguments.subspan(2);
    return std::chrono::seconds(seconds);
}

} // namespace

int main(int argc, char** argv) {
    std::span<char*> files(argv + 1, argv + argc);
    auto const limit = real_time(files);
    if (!limit || files.empty()) {
        fmt::print(stderr, "{}", usage);
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0); // what is done is told, should a signal end the program
    take_signals();
    auto worst = verdict::passed;
    for (std::string const file : files) worst = std::max(worst, run(file, *limit));
    return static_cast<int>(worst);
}
