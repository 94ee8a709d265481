// SPDX-License-Identifier: BSL-1.0
#include "classify.hpp"

namespace coda::redis::detail {

// With none of them was the command executed.
error_class class_of(server_errc code) noexcept {
    switch (code) {
    case server_errc::moved:
    case server_errc::ask:
    case server_errc::try_again:
    case server_errc::cluster_down:
    case server_errc::loading:
    case server_errc::master_down:
    case server_errc::busy:
    case server_errc::read_only:
    case server_errc::no_replicas:
    case server_errc::misconfigured: return error_class::transient;
    case server_errc::out_of_memory: return error_class::throttled;
    case server_errc::other:
    case server_errc::err:
    case server_errc::wrong_type:
    case server_errc::no_auth:
    case server_errc::wrong_password:
    case server_errc::no_permission:
    case server_errc::cross_slot:
    case server_errc::no_script: // until it was loaded
    case server_errc::exec_abort:
    case server_errc::busy_group:
    case server_errc::no_group:
    case server_errc::busy_key:
    case server_errc::unkillable:
    case server_errc::no_protocol: break;
    }
    return error_class::permanent;
}

error_class class_of_reply(std::string_view text) noexcept {
    // No word of its own: what a server says to a connection above its `maxclients`, and then closes it.
    if (text.starts_with("ERR max number of clients")) return error_class::throttled;
    return class_of(static_cast<server_errc>(code_of_reply(text).value()));
}

} // namespace coda::redis::detail
