// SPDX-License-Identifier: BSL-1.0
#include "own_redis.hpp"

#include "required_server.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

namespace coda::test {

namespace {

std::string program() {
    std::string pid;
    std::ifstream(server_variable("CODA_TEST_REDIS_PIDFILE")) >> pid;
    return std::filesystem::read_symlink("/proc/" + pid + "/exe");
}

std::string fresh_folder() {
    std::string name = std::filesystem::temp_directory_path() / "coda_redis_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw_errno("mkdtemp");
    return name;
}

} // namespace

own_redis::own_redis() : folder_(fresh_folder()), where_(endpoint::unix_path(folder_ + "/socket")) {
    auto const file = program();
    // One program of several names: it goes by the name that it is called by.
    std::vector<std::string> words{"redis-server", "--port",       "0",  "--unixsocket", where_.path, "--dir",
                                   folder_,        "--appendonly", "no", "--save",       ""};
    server_.emplace(file, std::move(words), child_process::place());
    try {
        wait_until_ready();
    } catch (...) {
        end();
        throw;
    }
}

own_redis::~own_redis() { end(); }

void own_redis::wait_until_ready() {
    auto const limit = std::chrono::steady_clock::now() + patience;
    while (true) {
        try {
            auto const connected = connect_to(where_);
            return;
        } catch (std::system_error const&) {}
        if (server_->has_ended()) throw std::runtime_error("the Redis of this test has ended");
        if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("the Redis of this test is not ready");
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

void own_redis::end() noexcept {
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

} // namespace coda::test
