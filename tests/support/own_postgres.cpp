// SPDX-License-Identifier: BSL-1.0
#include "own_postgres.hpp"

#include "required_server.hpp"
#include "socket.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <thread>

namespace coda::test {

namespace {

namespace files = std::filesystem;

std::string content(std::string const& file) {
    std::ifstream from(file);
    return {std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
}

void run(std::string const& file, std::vector<std::string> words, child_process::place const& where) {
    if (child_process(file, std::move(words), where).wait() != 0)
        throw std::runtime_error(file + ": " + content(where.log));
}

} // namespace

own_postgres::own_postgres() {
    auto const pidfile = server_variable("CODA_TEST_POSTGRES_PIDFILE");
    std::string pid;
    std::ifstream(pidfile) >> pid;
    bin_ = files::read_symlink("/proc/" + pid + "/exe").parent_path();
    struct stat theirs{};
    if (::stat(files::path(pidfile).parent_path().c_str(), &theirs) != 0) throw_errno("stat");
    user_ = theirs.st_uid;
    group_ = theirs.st_gid;
    folder_ = files::temp_directory_path() / "coda_pg_XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) throw_errno("mkdtemp");
    if (::geteuid() == 0 && ::chown(folder_.c_str(), user_, group_) != 0) throw_errno("chown");
    ::chmod(folder_.c_str(), 0711);
    run("/bin/cp", {"cp", "-r", server_variable("CODA_TEST_POSTGRES_TEMPLATE"), folder_ + "/data"},
        {.log = folder_ + "/log", .user = user_, .group = group_});
}

own_postgres::~own_postgres() {
    if (server_) {
        server_->signal(SIGQUIT); // a server that is killed leaves its sessions and its shared memory
        server_->wait();
    }
    std::error_code ignored;
    files::remove_all(folder_, ignored);
}

void own_postgres::copy(own_postgres const& primary) {
    files::remove_all(folder_ + "/data");
    run(bin_ + "/pg_basebackup",
        {"pg_basebackup", "-D", folder_ + "/data", "-d", primary.uri(), "--write-recovery-conf", "--checkpoint=fast",
         "--no-sync"},
        {.log = folder_ + "/log", .user = user_, .group = group_});
}

void own_postgres::put(std::string_view file, std::string_view text) const {
    auto const name = fmt::format("{}/data/{}", folder_, file);
    std::ofstream(name) << text;
    ::chmod(name.c_str(), 0600);
    if (::geteuid() == 0 && ::chown(name.c_str(), user_, group_) != 0) throw_errno("chown");
}

void own_postgres::put_rules(std::string_view rules) const {
    put("pg_hba.conf", fmt::format("{}\n{}", rules, content(folder_ + "/data/pg_hba.conf")));
}

// Only the server itself can tell whether a port is free, so it is asked to try some.
void own_postgres::start(std::vector<std::string> const& settings) {
    std::random_device random;
    for (int attempt = 0; attempt < 20; ++attempt) {
        port_ = static_cast<std::uint16_t>(20'000 + random() % 12'000);
        std::ofstream(folder_ + "/log").close();
        launch(settings);
        auto const limit = std::chrono::steady_clock::now() + patience;
        while (!server_->has_ended()) {
            if (is_ready()) return;
            if (std::chrono::steady_clock::now() > limit)
                throw std::runtime_error("a PostgreSQL is not ready: " + log());
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        if (log().find("Address already in use") == std::string::npos)
            throw std::runtime_error("a PostgreSQL did not start: " + log());
    }
    throw std::runtime_error("no free port");
}

void own_postgres::launch(std::vector<std::string> const& settings) {
    std::vector<std::string> words{"postgres", "-D", folder_ + "/data", "-k", folder_, "-p", std::to_string(port_)};
    for (auto const* usual : {"listen_addresses=127.0.0.1", "fsync=off", "shared_buffers=16MB"})
        words.insert(words.end(), {"-c", usual});
    for (auto const& s : settings) words.insert(words.end(), {"-c", s});
    server_.emplace(
        bin_ + "/postgres", std::move(words),
        child_process::place{.log = folder_ + "/log", .user = user_, .group = group_, .death_signal = SIGQUIT});
}

// By its own word, in the last line of its file; which is that of a server before it while it has not come to it.
bool own_postgres::is_ready() {
    auto const text = content(folder_ + "/data/postmaster.pid");
    if (!text.starts_with(std::to_string(server_->pid()) + '\n')) return false;
    return text.find("\nready") != std::string::npos || text.find("\nstandby") != std::string::npos;
}

void own_postgres::promote() {
    put("promote", {});
    server_->signal(SIGUSR1);
}

std::string own_postgres::log() const { return content(folder_ + "/log"); }

std::string own_postgres::uri(std::string_view more) const {
    return fmt::format("postgresql://coda@127.0.0.1:{}/coda?connect_timeout=20{}", port_, more);
}

} // namespace coda::test
