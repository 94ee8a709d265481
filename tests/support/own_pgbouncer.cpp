// SPDX-License-Identifier: BSL-1.0
#include "own_pgbouncer.hpp"

#include "required_server.hpp"
#include "socket.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

namespace coda::test {

namespace {

namespace files = std::filesystem;

bool answers(std::uint16_t port) {
    try {
        auto const connected = connect_to(endpoint::tcp(port));
        return true;
    } catch (std::system_error const&) {
        return false;
    }
}

} // namespace

own_pgbouncer::own_pgbouncer(unsigned connections) : folder_(files::temp_directory_path() / "coda_bouncer_XXXXXX") {
    if (::mkdtemp(folder_.data()) == nullptr) throw_errno("mkdtemp");
    ::chmod(folder_.c_str(), 0755);
    auto const program = server_variable("CODA_TEST_PGBOUNCER_PROGRAM");
    struct stat theirs{}; // it refuses to run as root
    if (::stat(files::path(server_variable("CODA_TEST_POSTGRES_PIDFILE")).parent_path().c_str(), &theirs) != 0)
        throw_errno("stat");
    std::random_device random;
    for (int attempt = 0; attempt < 20; ++attempt) {
        port_ = static_cast<std::uint16_t>(20'000 + random() % 12'000);
        if (answers(port_)) continue; // somebody else
        write_settings(connections);
        process_.emplace("/usr/bin/env",
                         std::vector<std::string>{"env", "LD_LIBRARY_PATH=" + program.substr(0, program.rfind('/')),
                                                  program, folder_ + "/settings"},
                         child_process::place{.user = theirs.st_uid, .group = theirs.st_gid});
        auto const limit = std::chrono::steady_clock::now() + patience;
        while (!process_->has_ended()) {
            if (answers(port_)) return;
            if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("PgBouncer is not ready");
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    throw std::runtime_error("PgBouncer does not start");
}

own_pgbouncer::~own_pgbouncer() {
    process_.reset();
    std::error_code ignored;
    files::remove_all(folder_, ignored);
}

void own_pgbouncer::write_settings(unsigned connections) const {
    auto const server = server_variable("CODA_TEST_POSTGRES_URI");
    auto const server_port = server.substr(server.rfind(':') + 1, server.rfind('/') - server.rfind(':') - 1);
    std::ofstream(folder_ + "/settings") << fmt::format("[databases]\n"
                                                        "coda = host=127.0.0.1 port={} dbname=coda user=coda\n"
                                                        "[pgbouncer]\n"
                                                        "listen_addr = 127.0.0.1\n"
                                                        "listen_port = {}\n"
                                                        "unix_socket_dir =\n"
                                                        "auth_type = any\n"
                                                        "pool_mode = transaction\n"
                                                        "default_pool_size = {}\n"
                                                        "max_client_conn = 500\n",
                                                        server_port, port_, connections);
}

std::string own_pgbouncer::uri(std::string_view more) const {
    return fmt::format("postgresql://coda@127.0.0.1:{}/coda?sslmode=disable{}", port_, more);
}

} // namespace coda::test
