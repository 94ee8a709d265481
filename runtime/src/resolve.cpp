// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/resolve.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace coda {

ip_endpoint::ip_endpoint(sockaddr const* address, socklen_t size) noexcept : size_(size) {
    assert(size <= sizeof storage_);
    std::memcpy(&storage_, address, size);
}

std::uint16_t ip_endpoint::port() const noexcept {
    return ntohs(family() == AF_INET6 ? reinterpret_cast<sockaddr_in6 const&>(storage_).sin6_port
                                      : reinterpret_cast<sockaddr_in const&>(storage_).sin_port);
}

std::string ip_endpoint::host() const {
    std::array<char, NI_MAXHOST> text{};
    auto const length = static_cast<socklen_t>(text.size());
    if (getnameinfo(data(), size_, text.data(), length, nullptr, 0, NI_NUMERICHOST) != 0) return {};
    return text.data();
}

std::string ip_endpoint::to_string() const {
    return family() == AF_INET6 ? fmt::format("[{}]:{}", host(), port()) : fmt::format("{}:{}", host(), port());
}

namespace {

using endpoints = std::vector<ip_endpoint>;

error invalid(std::string message) { return {errc::invalid_argument, std::move(message)}; }

// What getaddrinfo would misread: it takes a NUL for the end, and a port modulo 65536.
std::optional<error> misuse(std::string const& host, std::string const& service) {
    if (host.empty()) return invalid("host name is empty");
    if (service.empty()) return invalid("port or service name is empty");
    if (host.find('\0') != std::string::npos) return invalid("host name contains a NUL byte");
    if (service.find('\0') != std::string::npos) return invalid("port or service name contains a NUL byte");
    bool const digits = std::all_of(service.begin(), service.end(), [](char c) { return c >= '0' && c <= '9'; });
    unsigned port = 0;
    auto const parsed = std::from_chars(service.data(), service.data() + service.size(), port);
    if (digits && (parsed.ec != std::errc() || port > 65535))
        return invalid(fmt::format("port {} is out of range: it must be from 0 to 65535", service));
    return std::nullopt;
}

endpoints to_endpoints(addrinfo const* list) {
    endpoints found;
    for (; list != nullptr; list = list->ai_next) {
        bool const known = std::any_of(found.begin(), found.end(), [&](ip_endpoint const& e) {
            return e.size() == list->ai_addrlen && std::memcmp(e.data(), list->ai_addr, e.size()) == 0;
        });
        if (!known) found.emplace_back(list->ai_addr, list->ai_addrlen);
    }
    return found;
}

// getaddrinfo's own code, 0 for success.
int look_up(std::string const& host, std::string const& service, int flags, endpoints& found) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    int const failure = getaddrinfo(host.c_str(), service.c_str(), &hints, &list);
    if (failure != 0) return failure;
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> const owner(list, &freeaddrinfo);
    found = to_endpoints(list);
    return 0;
}

result<endpoints> look_up_name(std::string const& host, std::string const& service) {
    endpoints found;
    int const failure = look_up(host, service, 0, found);
    if (failure == 0) return found;
    char const* const reason = failure == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(failure);
    return error(errc::name_not_resolved, fmt::format("cannot resolve {} (port {}): {}", host, service, reason));
}

} // namespace

// Never destroyed: the end of the program does not wait for a name server.
thread_pool& resolver_pool() {
    static thread_pool& pool = *new thread_pool({.threads = 4, .max_queued = 256});
    return pool;
}

operation<endpoints> resolve(thread_pool& pool, std::string host, std::string service, resolve_options options) {
    if (auto e = misuse(host, service)) co_return *e;
    endpoints found;
    if (look_up(host, service, AI_NUMERICHOST | AI_NUMERICSERV, found) == 0) co_return found;
    auto bounded = with_timeout(options.timeout, offload(pool, look_up_name, std::move(host), std::move(service)));
    auto r = co_await as_result(std::move(bounded));
    if (r.has_error()) co_return r.error().with_outcome(outcome::not_sent); // no server has seen a request
    co_return std::move(r).value();
}

operation<endpoints> resolve(std::string host, std::string service, resolve_options options) {
    return resolve(resolver_pool(), std::move(host), std::move(service), options);
}

} // namespace coda
