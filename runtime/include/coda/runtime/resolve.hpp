// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/offload.hpp>

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// Host names to addresses, off the loop.
///
///     for (auto const& address : co_await coda::resolve("db.example", "5432")) ...
namespace coda {

/// An IPv4 or IPv6 address with a port, as the kernel takes it.
class ip_endpoint {
public:
    /// Copies `size` bytes of an AF_INET or AF_INET6 address; `size` must not exceed sizeof(sockaddr_storage).
    ip_endpoint(sockaddr const* address, socklen_t size) noexcept;

    /// For connect and bind.
    sockaddr const* data() const noexcept { return reinterpret_cast<sockaddr const*>(&storage_); }
    /// Bytes of `data`.
    socklen_t size() const noexcept { return size_; }
    /// AF_INET or AF_INET6.
    int family() const noexcept { return storage_.ss_family; }
    /// In the machine's byte order.
    std::uint16_t port() const noexcept;
    /// The address in digits, without the port: "127.0.0.1", "::1", "fe80::1%eth0".
    std::string host() const;
    /// With the port: "127.0.0.1:5432", "[::1]:5432".
    std::string to_string() const;

private:
    sockaddr_storage storage_{};
    socklen_t size_;
};

/// The bounds of one name resolution.
struct resolve_options {
    duration timeout = std::chrono::seconds(10); ///< at most this long; less where an inherited deadline is earlier
};
static_assert(std::is_trivially_copyable_v<resolve_options>);

/// Looks up where to connect by TCP: getaddrinfo, in its order, without duplicates. A host in digits with a port in
/// digits is answered at once; all else runs on a pool of the process for this alone (4 threads, 256 queued), so that a
/// name server that hangs holds up nothing but other names.
///
/// Cancelled or timed out, the wait ends at once; getaddrinfo cannot be stopped, its thread is busy until it returns.
/// Errors, all with outcome not_sent: errc::name_not_resolved (the message has the name and the resolver's reason),
/// errc::invalid_argument (empty host or service, a NUL in them, a port above 65535), errc::queue_full,
/// errc::timed_out, errc::cancelled.
operation<std::vector<ip_endpoint>> resolve(std::string host, std::string service, resolve_options options = {});

/// The pool of `resolve`, for other calls that wait for a name server.
thread_pool& resolver_pool();

/// The same on threads of `pool`.
operation<std::vector<ip_endpoint>> resolve(thread_pool& pool, std::string host, std::string service,
                                            resolve_options options = {});

} // namespace coda
