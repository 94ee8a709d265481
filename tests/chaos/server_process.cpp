// SPDX-License-Identifier: BSL-1.0
#include "server_process.hpp"

#include "support/required_server.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace coda::chaos {

namespace {

using namespace std::chrono_literals;

std::string content_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

// The state letter and the parent in /proc/PID/stat, behind the name, which may have blanks and brackets in it.
struct process_status {
    char state = 'X';
    pid_t parent = 0;
};
process_status status_of(pid_t pid) {
    process_status s;
    auto const text = content_of(fmt::format("/proc/{}/stat", pid));
    if (auto const end = text.rfind(')'); end != text.npos)
        std::istringstream(text.substr(end + 1)) >> s.state >> s.parent;
    return s;
}

bool is_gone(pid_t pid) {
    char const state = status_of(pid).state;
    return state == 'X' || state == 'Z';
}

int run(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (auto& w : words) arguments.push_back(w.data());
    arguments.push_back(nullptr);
    // Not the sockets of what is tested, which would stay open as long.
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addclosefrom_np(&files, 3);
    pid_t pid = 0;
    int const failed = ::posix_spawn(&pid, arguments[0], &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (failed != 0) throw std::system_error(failed, std::system_category(), words[0]);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) throw std::system_error(errno, std::system_category(), "waitpid");
    return status;
}

} // namespace

server_process::server_process(std::string_view store)
    : script_(fmt::format("{}/scripts/stores/{}", CODA_SOURCE_DIR, store)),
      folder_(fmt::format("{}/{}", test::server_variable("CODA_TEST_STATE"), store)) {
    if (!std::filesystem::exists(folder_ + "/pid") || !std::filesystem::exists(folder_ + "/port"))
        throw std::runtime_error(fmt::format("no {} of scripts/servers in '{}'", store, folder_));
}

// The one that was started, if it is ours still, and its children.
std::vector<pid_t> server_process::processes() const {
    std::vector<pid_t> all;
    pid_t const main = std::stoi(content_of(folder_ + "/pid"));
    if (content_of(fmt::format("/proc/{}/cmdline", main)).find(folder_) == std::string::npos) return all;
    all.push_back(main);
    for (auto const& entry : std::filesystem::directory_iterator("/proc")) {
        auto const name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != name.npos) continue;
        if (status_of(std::stoi(name)).parent == main) all.push_back(std::stoi(name));
    }
    return all;
}

void server_process::signal_all(int signal) const {
    for (pid_t const pid : processes()) ::kill(pid, signal);
}

void server_process::freeze() { signal_all(SIGSTOP); }

void server_process::thaw() { signal_all(SIGCONT); }

// First it is stopped, so that it does not see its children go, or make others.
void server_process::kill() {
    signal_all(SIGSTOP);
    auto const all = processes();
    for (pid_t const pid : all) ::kill(pid, SIGKILL);
    for (pid_t const pid : all)
        while (!is_gone(pid)) std::this_thread::sleep_for(1ms);
}

void server_process::resume() {
    if (int const status = run({script_, "resume", folder_}); status != 0)
        throw std::runtime_error(fmt::format("{} resume {}: status {}", script_, folder_, status));
}

} // namespace coda::chaos
