// SPDX-License-Identifier: BSL-1.0
#include "workloads/redis/server.hpp"

#include "workloads/redis/commands.hpp"
#include "workloads/uri.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

namespace coda::bench::redis {
namespace {

constexpr std::string_view variables[] = {"CODA_TEST_REDIS_URI", "CODA_TEST_REDIS_SOCKET_URI"};

constexpr char const* version_key = "coda_bench:version";
constexpr std::string_view version = "1"; // data of another version is loaded anew

template <class Number>
Number number_in(std::string_view text) {
    Number value = 0;
    auto const* end = text.data() + text.size();
    auto const r = std::from_chars(text.data(), end, value);
    if (r.ec != std::errc() || r.ptr != end) throw std::runtime_error("the URI is malformed: a number is not one");
    return value;
}

reply_ptr run(redisContext* c, std::vector<std::string> const& words) {
    std::vector<char const*> arguments;
    std::vector<std::size_t> lengths;
    for (auto const& w : words) {
        arguments.push_back(w.data());
        lengths.push_back(w.size());
    }
    reply_ptr reply(static_cast<redisReply*>(
        redisCommandArgv(c, static_cast<int>(words.size()), arguments.data(), lengths.data())));
    if (!reply) throw std::runtime_error(c->errstr);
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(std::string(reply->str, reply->len));
    return reply;
}

std::string text_in(reply_ptr const& reply) {
    return reply->type == REDIS_REPLY_STRING ? std::string(reply->str, reply->len) : std::string();
}

// The replies of commands that were sent together.
void receive(redisContext* c, int count) {
    for (; count > 0; --count) {
        void* raw = nullptr;
        if (redisGetReply(c, &raw) != REDIS_OK) throw std::runtime_error(c->errstr);
        reply_ptr const reply(static_cast<redisReply*>(raw));
        if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(std::string(reply->str, reply->len));
    }
}

void load(redisContext* c, query q, std::int64_t count) {
    int sent = 0;
    for (std::int64_t key = 1; key <= count; ++key) {
        auto const name = key_of(q, key);
        auto const value = value_of(q, key);
        redisAppendCommand(c, "SET %b %b", name.data(), name.size(), value.data(), value.size());
        if (++sent < 1000) continue;
        receive(c, sent);
        sent = 0;
    }
    receive(c, sent);
}

// The value of "key:value" in the answer to INFO.
std::string info(std::string_view text, std::string_view key) {
    auto const from = text.find(fmt::format("\n{}:", key));
    if (from == text.npos) return "?";
    auto const value = text.substr(from + key.size() + 2);
    return std::string(value.substr(0, value.find('\r')));
}

std::string prepare(std::string const& uri) {
    auto const c = connect(uri);
    if (text_in(run(c.get(), {"GET", version_key})) != version) {
        load(c.get(), query::account, account_count);
        for (auto const q : {query::session, query::settings, query::order}) load(c.get(), q, customer_count);
        load(c.get(), query::item, item_count);
        run(c.get(), {"SET", version_key, std::string(version)});
    }
    auto const all = text_in(run(c.get(), {"INFO"}));
    return fmt::format("Redis {}, appendonly {}", info(all, "redis_version"),
                       info(all, "aof_enabled") == "1" ? "on" : "off");
}

std::string where(std::string const& uri) {
    auto const a = parse_uri(uri);
    return a.port == 0 ? a.host : fmt::format("{}:{}", a.host, a.port);
}

std::string through_proxy(std::string const& uri, std::uint16_t port) {
    auto const parts = split_uri(uri);
    return parts.scheme == "unix" ? fmt::format("redis://127.0.0.1:{}", port) : with_local_port(uri, port);
}

std::string library() { return fmt::format("hiredis {}.{}.{}", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH); }

bool speaks(std::string_view uri) { return uri.starts_with("redis://") || uri.starts_with("unix://"); }

} // namespace

address parse_uri(std::string const& uri) {
    auto const parts = split_uri(uri);
    address a;
    if (parts.scheme == "unix") {
        a.host = parts.rest;
        return a;
    }
    if (parts.scheme != "redis") throw std::runtime_error("the URI is malformed: its scheme is not redis or unix");
    auto const host = first_host(uri, 6379);
    a.host = host.substr(0, host.rfind(':'));
    a.port = number_in<std::uint16_t>(std::string_view(host).substr(host.rfind(':') + 1));
    if (auto const colon = parts.user_info.find(':'); colon != parts.user_info.npos) {
        a.user = percent_decoded(parts.user_info.substr(0, colon));
        a.password = percent_decoded(parts.user_info.substr(colon + 1));
    }
    if (parts.rest.size() > 1) a.database = number_in<int>(parts.rest.substr(1));
    return a;
}

context_ptr connect(std::string const& uri) {
    auto const a = parse_uri(uri);
    context_ptr c(a.port == 0 ? redisConnectUnix(a.host.c_str()) : redisConnect(a.host.c_str(), a.port));
    if (!c) throw std::runtime_error("out of memory");
    if (c->err) throw std::runtime_error(c->errstr);
    if (!a.user.empty())
        run(c.get(), {"AUTH", a.user, a.password});
    else if (!a.password.empty())
        run(c.get(), {"AUTH", a.password});
    if (a.database != 0) run(c.get(), {"SELECT", std::to_string(a.database)});
    return c;
}

server const database{
    .name = "redis",
    .title = "Redis",
    .variables = variables,
    .speaks = speaks,
    .prepare = prepare,
    .address = where,
    .through_proxy = through_proxy,
    .library = library,
};

} // namespace coda::bench::redis
