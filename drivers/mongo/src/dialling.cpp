// SPDX-License-Identifier: BSL-1.0
#include "dialling.hpp"

#include "socket_stream.hpp"
#include "tls_stream.hpp"

#include <coda/mongo/error.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/dial.hpp>

#include <boost/system/system_error.hpp>

namespace coda::mongo::detail {

namespace {

error connect_failed(std::string message) { return {make_error_code(errc::connect_failed), std::move(message)}; }

result<socket_fd> connect_to(wire& w, mongoc_host_list_t const* host, duration limit) {
    if (host->family == AF_UNIX) return w.on().wait(with_timeout(limit, dial_unix(host->host)));
    return w.on().wait(with_timeout(limit, coda::dial(host->host, std::to_string(host->port))));
}

char const* text_option(mongoc_uri_t const* uri, char const* name) {
    return mongoc_uri_get_option_as_utf8(uri, name, nullptr);
}

// Whether a certificate's revocation is looked at, and whether its responder is asked where the server staples no
// answer: libmongoc would do that with calls that block. Its public struct has only a pointer for it
// (_mongoc_internal_tls_opts_t).
struct revocation {
    bool unchecked;
    bool nobody_asked;
};
static_assert(MONGOC_MAJOR_VERSION == 1);

void* revocation_of(mongoc_uri_t const* uri, bool insecure) {
    static revocation stapled{false, true};
    static revocation none{true, true};
    bool const unchecked =
        insecure || mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSDISABLECERTIFICATEREVOCATIONCHECK, false);
    return unchecked ? &none : &stapled;
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
    o.internal = revocation_of(uri, insecure);
    return o;
}

// The handshake waits like any reading and writing does.
result<stream_handle> encrypted(stream_handle plain, mongoc_uri_t const* uri, char const* host, duration limit) {
    auto& below = static_cast<socket_stream&>(static_cast<wire_stream&>(*plain));
    below.pass_unchecked();
    auto options = tls_options(uri);
    stream_handle tls(mongoc_stream_tls_new_with_hostname(plain.get(), host, &options, 1));
    if (!tls) return connect_failed("TLS cannot be set up with the certificates given");
    static_cast<void>(plain.release());
    auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
    bson_error_t failed{};
    if (!mongoc_stream_tls_handshake_block(tls.get(), host, static_cast<std::int32_t>(ms), &failed))
        return below.shared().failure().code().failed() ? below.shared().failure()
                                                        : connect_failed(std::string("TLS: ") + failed.message);
    return stream_handle(new tls_stream(std::move(tls), below));
}

// libmongoc dials all servers, one after the other, before it asks the first: one that swallows packets must leave time
// for the others.
duration share_of_time(context const& here, mongoc_uri_t const* uri) {
    if (here.deadline == no_deadline) return duration::max();
    std::size_t servers = 0;
    for (auto const* h = mongoc_uri_get_hosts(uri); h != nullptr; h = h->next) ++servers;
    auto const left = here.deadline - here.loop->now();
    return servers < 2 ? left : left / static_cast<duration::rep>(servers + 1);
}

result<stream_handle> try_to_dial(wire& w, mongoc_uri_t const* uri, mongoc_host_list_t const* host) {
    duration const limit = std::min<duration>(
        std::chrono::milliseconds(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, 10'000)),
        share_of_time(w.on().ctx(), uri));
    auto fd = connect_to(w, host, limit);
    if (fd.has_error()) return fd.error();
    stream_handle plain(new socket_stream(w, std::move(*fd), host->host_and_port));
    if (!mongoc_uri_get_tls(uri)) return plain;
    return encrypted(std::move(plain), uri, host->host, limit);
}

mongoc_stream_t* dial_or_say_why(wire& w, mongoc_uri_t const* uri, mongoc_host_list_t const* host,
                                 bson_error_t* failed) {
    error why = coda::errc::closed;
    try {
        if (w.busy()) {
            auto dialled = try_to_dial(w, uri, host);
            if (dialled.has_value()) return dialled->release();
            why = dialled.error();
            if (why.code().category() == boost::system::system_category()) why = connect_failed(why.message());
        }
    } catch (boost::system::system_error const& e) {
        why = connect_failed(std::string(host->host_and_port) + ": " + e.code().message());
    }
    w.failed(why);
    bson_set_error(failed, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, "%s: %s", host->host_and_port,
                   why.code().message().c_str());
    return nullptr;
}

} // namespace

// libmongoc calls it, whose frames no exception may cross.
mongoc_stream_t* dial(mongoc_uri_t const* uri, mongoc_host_list_t const* host, void* self,
                      bson_error_t* failed) noexcept {
    auto& w = *static_cast<wire*>(self);
    try {
        return dial_or_say_why(w, uri, host, failed);
    } catch (std::bad_alloc const&) {
        w.failed(error(make_error_code(boost::system::errc::not_enough_memory)));
        bson_set_error(failed, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, "out of memory");
        return nullptr;
    }
}

} // namespace coda::mongo::detail
