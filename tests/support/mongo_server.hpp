// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/required_server.hpp"
#include "support/socket.hpp"

#include <coda/mongo/bson.hpp>

#include <fmt/format.h>
#include <mongoc/mongoc.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

namespace coda::test {

// A blocking client of libmongoc's on the MongoDB of scripts/servers, apart from the code under test: to prepare and to
// look at what the server has. Throws std::runtime_error with the server's words. Its collections' names are shared
// with no other test or process; in the end they are dropped.
class mongo_server {
public:
    mongo_server() : mongo_server(server_variable("CODA_TEST_MONGO_URI")) {}
    explicit mongo_server(std::string uri) : uri_(std::move(uri)) {
        mongoc_init();
        client_.reset(mongoc_client_new(uri_.c_str()));
        if (!client_) throw std::runtime_error("cannot use " + uri_);
    }
    ~mongo_server() {
        for (auto const& name : made_) {
            try {
                static_cast<void>(run(bson::doc("drop", name)));
            } catch (std::runtime_error const&) {} // there was none
        }
    }

    static constexpr char const* database = "coda_test";

    std::string const& uri() const { return uri_; }
    endpoint where() const {
        auto const host = host_and_port();
        return endpoint::tcp(static_cast<std::uint16_t>(std::stoi(host.substr(host.rfind(':') + 1))));
    }
    // Through a proxy on this port; `more` is options, each with its & before it.
    std::string uri_at(std::uint16_t port, std::string const& more = {}) const {
        return with_options(std::string(uri_).replace(host_at(), host_and_port().size(), at(port)), more);
    }
    static std::string at(std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); }
    static std::string with_options(std::string uri, std::string const& more) {
        if (more.empty()) return uri;
        if (uri.find('?') != uri.npos) return uri + more;
        return uri + (uri.find('/', uri.find("://") + 3) == uri.npos ? "/?" : "?") + more.substr(1);
    }

    // A name that nobody else has.
    std::string fresh_collection() {
        static std::atomic<int> last = 0;
        made_.push_back(fmt::format("t_{}_{}", getpid(), ++last));
        return made_.back();
    }
    std::int64_t count(std::string const& collection, bson::document filter = {}) {
        return run(bson::doc("count", collection, "query", filter)).get<std::int64_t>("n");
    }
    bson::document run(bson::document const& command) {
        bson_t body;
        bson_init_static(&body, reinterpret_cast<std::uint8_t const*>(command.data()), command.size());
        bson_t reply;
        bson_error_t failed{};
        bool const done = mongoc_client_command_simple(client_.get(), database, &body, nullptr, &reply, &failed);
        bson::document answer;
        if (done) answer = bson::document(bson::view::from_bytes(bytes_of(reply)).value());
        bson_destroy(&reply);
        if (!done) throw std::runtime_error(failed.message);
        return answer;
    }

private:
    struct destroy {
        void operator()(mongoc_client_t* c) const noexcept { mongoc_client_destroy(c); }
    };
    static std::span<std::byte const> bytes_of(bson_t const& b) {
        return {reinterpret_cast<std::byte const*>(bson_get_data(&b)), b.len};
    }
    std::size_t host_at() const {
        auto const begin = uri_.find("://") + 3;
        auto const at = uri_.find('@', begin);
        return at == uri_.npos ? begin : at + 1;
    }
    std::string host_and_port() const {
        auto const begin = host_at();
        return uri_.substr(begin, uri_.find_first_of("/?", begin) - begin);
    }

    std::string uri_;
    std::unique_ptr<mongoc_client_t, destroy> client_;
    std::vector<std::string> made_;
};

} // namespace coda::test
