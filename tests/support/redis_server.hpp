// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/required_server.hpp"
#include "support/socket.hpp"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

namespace coda::test {

// What one test needs of the Redis of scripts/servers, and shares with no other test or process: a mark for its
// connections, names for its keys, and a blocking connection apart from the code under test. Throws std::runtime_error
// with the server's words.
class redis_server {
public:
    redis_server() : context_(redisConnect("127.0.0.1", where().port)) {
        if (context_ == nullptr || context_->err != 0) throw std::runtime_error("no connection to Redis");
    }

    // The reply to a command as text, an integer in digits, nil as nothing, the elements of an array joined.
    std::string ask(std::vector<std::string> const& words) {
        std::vector<char const*> texts;
        std::vector<std::size_t> lengths;
        for (auto const& w : words) {
            texts.push_back(w.data());
            lengths.push_back(w.size());
        }
        std::unique_ptr<redisReply, decltype(&freeReplyObject)> const r(
            static_cast<redisReply*>(
                redisCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(), lengths.data())),
            &freeReplyObject);
        if (r == nullptr) throw std::runtime_error(context_->errstr);
        if (r->type == REDIS_REPLY_ERROR) throw std::runtime_error(r->str);
        return text_of(*r);
    }

    std::string const& mark() const { return mark_; }
    std::string uri(std::string const& more = {}) const {
        return server_variable("CODA_TEST_REDIS_URI") + "?client_name=" + mark_ + more;
    }
    std::string socket_uri() const { return server_variable("CODA_TEST_REDIS_SOCKET_URI") + "?client_name=" + mark_; }
    std::string password_uri() const {
        return server_variable("CODA_TEST_REDIS_PASSWORD_URI") + "?client_name=" + mark_;
    }
    endpoint where() const {
        auto const address = server_variable("CODA_TEST_REDIS_URI");
        return endpoint::tcp(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    }
    std::string uri_at(std::uint16_t port, std::string const& more = {}) const {
        return fmt::format("redis://127.0.0.1:{}?client_name={}{}", port, mark_, more);
    }

    // Connections with this test's mark: the lines that the server has for them.
    std::vector<std::string> connections() {
        std::vector<std::string> found;
        std::string const list = ask({"CLIENT", "LIST"});
        for (std::size_t at = 0, end = 0; at < list.size(); at = end + 1) {
            end = std::min(list.find('\n', at), list.size());
            auto const line = list.substr(at, end - at);
            if (line.find(" name=" + mark_ + " ") != std::string::npos) found.push_back(line);
        }
        return found;
    }
    // Has the server end them.
    void kill_all() {
        for (auto const& line : connections())
            ask({"CLIENT", "KILL", "ID", line.substr(3, line.find(' ') - 3)}); // id=...
    }

    // A key that nobody else has.
    std::string fresh_key() const { return fmt::format("key:{}:{}", getpid(), next()); }

private:
    static int next() {
        static std::atomic<int> last = 0;
        return ++last;
    }
    static std::string text_of(redisReply const& r) {
        if (r.type == REDIS_REPLY_INTEGER) return std::to_string(r.integer);
        if (r.type == REDIS_REPLY_NIL) return {};
        std::string text(r.str != nullptr ? r.str : "", r.str != nullptr ? r.len : 0);
        for (std::size_t i = 0; r.type == REDIS_REPLY_ARRAY && i < r.elements; ++i)
            text += (i > 0 ? " " : "") + text_of(*r.element[i]);
        return text;
    }

    struct release {
        void operator()(redisContext* c) const noexcept { redisFree(c); }
    };
    std::unique_ptr<redisContext, release> context_;
    std::string mark_ = fmt::format("coda_{}_{}", getpid(), next());
};

} // namespace coda::test
