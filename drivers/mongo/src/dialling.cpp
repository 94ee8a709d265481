// SPDX-License-Identifier: BSL-1.0
#include "dialling.hpp"

#include "socket_stream.hpp"
#include "tls_stream.hpp"

#include <coda/mongo/error.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/resolve.hpp>
#include <coda/runtime/wait_ready.hpp>

#include <boost/system/system_error.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace coda::mongo::detail {

namespace {

error system_failure(int number) { return error_code(number, boost::system::system_category()); }

descriptor open_socket(int family) {
    descriptor fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int const on = 1;
    if (family != AF_UNIX) {
        setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    return fd;
}

result<descriptor> connect_to(wire& w, sockaddr const* address, socklen_t size, duration limit) {
    descriptor fd = open_socket(address->sa_family);
    if (fd.get() < 0) return system_failure(errno);
    if (connect(fd.get(), address, size) == 0) return fd;
    if (errno != EINPROGRESS) return system_failure(errno);
    auto const waited = w.on().wait(with_timeout(limit, wait_ready(fd.get(), readiness::write)));
    if (waited.has_error()) return waited.error();
    int failed = 0;
    socklen_t length = sizeof failed;
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &length);
    if (failed != 0) return system_failure(failed);
    return fd;
}

result<descriptor> connect_unix(wire& w, char const* path, duration limit) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (std::strlen(path) >= sizeof address.sun_path) return system_failure(ENAMETOOLONG);
    std::strcpy(address.sun_path, path);
    return connect_to(w, reinterpret_cast<sockaddr const*>(&address), sizeof address, limit);
}

// One address after the other, each with a fair share of the time.
result<descriptor> connect_tcp(wire& w, char const* host, std::uint16_t port, duration limit) {
    auto const started = w.loop.now();
    auto addresses = w.on().wait(resolve(host, std::to_string(port), {.timeout = limit}));
    if (addresses.has_error()) return addresses.error();
    result<descriptor> connected = error(coda::errc::name_not_resolved);
    auto left = static_cast<int>(addresses->size());
    for (auto const& address : *addresses) {
        auto const share = (limit - (w.loop.now() - started)) / left--;
        connected = connect_to(w, address.data(), address.size(), share);
        if (connected.has_value() || w.on().ctx().cancel.requested()) break;
    }
    return connected;
}

char const* text_option(mongoc_uri_t const* uri, char const* name) {
    return mongoc_uri_get_option_as_utf8(uri, name, nullptr);
}

mongoc_ssl_opt_t tls_options(mongoc_uri_t const* uri) {
    mongoc_ssl_opt_t o{};
    bool const insecure = mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSINSECURE, false);
    o.pem_file = text_option(uri, MONGOC_URI_TLSCERTIFICATEKEYFILE);
    o.pem_pwd = text_option(uri, MONGOC_URI_TLSCERTIFICATEKEYFILEPASSWORD);
    o.ca_file = text_option(uri, MONGOC_URI_TLSCAFILE);
    o.weak_cert_validation =
        insecure || mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, false);
    o.allow_invalid_hostname =
        insecure || mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDHOSTNAMES, false);
    return o;
}

// The handshake waits like any reading and writing does.
result<stream_handle> encrypted(stream_handle plain, mongoc_uri_t const* uri, char const* host, duration limit) {
    auto& below = static_cast<socket_stream&>(static_cast<wire_stream&>(*plain));
    below.pass_unchecked();
    auto options = tls_options(uri);
    stream_handle tls(mongoc_stream_tls_new_with_hostname(plain.get(), host, &options, 1));
    if (!tls) return error(make_error_code(errc::connect_failed), "TLS cannot be set up with the certificates given");
    static_cast<void>(plain.release());
    auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
    bson_error_t failed{};
    if (!mongoc_stream_tls_handshake_block(tls.get(), host, static_cast<std::int32_t>(ms), &failed))
        return below.shared().failure().code().failed()
                   ? below.shared().failure()
                   : error(make_error_code(errc::connect_failed), std::string("TLS: ") + failed.message);
    return stream_handle(new tls_stream(std::move(tls), below));
}

result<stream_handle> try_to_dial(wire& w, mongoc_uri_t const* uri, mongoc_host_list_t const* host) {
    duration const limit =
        std::chrono::milliseconds(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, 10'000));
    auto fd =
        host->family == AF_UNIX ? connect_unix(w, host->host, limit) : connect_tcp(w, host->host, host->port, limit);
    if (fd.has_error()) return fd.error();
    stream_handle plain(new socket_stream(w, std::move(*fd)));
    if (!mongoc_uri_get_tls(uri)) return plain;
    return encrypted(std::move(plain), uri, host->host, limit);
}

error connect_failed(mongoc_host_list_t const* host, error_code const& reason) {
    return {make_error_code(errc::connect_failed), std::string(host->host_and_port) + ": " + reason.message()};
}

} // namespace

mongoc_stream_t* dial(mongoc_uri_t const* uri, mongoc_host_list_t const* host, void* self, bson_error_t* failed) {
    auto& w = *static_cast<wire*>(self);
    error why = coda::errc::closed;
    try {
        if (w.busy()) {
            auto dialled = try_to_dial(w, uri, host);
            if (dialled.has_value()) return dialled->release();
            why = dialled.error();
            if (why.code().category() == boost::system::system_category()) why = connect_failed(host, why.code());
        }
    } catch (boost::system::system_error const& e) {
        why = connect_failed(host, e.code());
    } catch (std::bad_alloc const&) {
        why = make_error_code(boost::system::errc::not_enough_memory);
    }
    w.failed(why);
    bson_set_error(failed, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, "%s: %s", host->host_and_port,
                   why.code().message().c_str());
    return nullptr;
}

} // namespace coda::mongo::detail
