// SPDX-License-Identifier: BSL-1.0
#pragma once

struct pg_conn;

namespace coda::pg::detail {

// Keeps back what libpq writes while it is in, so that several statements leave in one piece: one wake-up of the server
// and one packet instead of one each. libpq before version 17 writes at every Sync, and cannot be told not to.
//   TCP: the kernel collects (tcp(7), TCP_CORK).
//   Unix-domain sockets, which have no such thing: a socket that never takes anything stands at the connection's
//   descriptor meanwhile, so that libpq collects, as it does where a server does not read.
// Meanwhile nobody may read from the connection, close it or change how it is watched. Where it cannot be put in, for
// want of a descriptor, each Sync leaves by itself.
class cork {
public:
    // Not in yet.
    explicit cork(pg_conn* c) noexcept : connection_(c) {}
    cork(cork const&) = delete;
    cork& operator=(cork const&) = delete;
    ~cork() { take_out(); }

    // In, unless it is; nothing where libpq keeps Syncs back by itself.
    void put_in() noexcept;
    // Out, if it is in. False: the connection's own socket is lost (where no number as high as its may be used any
    // more).
    bool take_out() noexcept;

private:
    pg_conn* connection_;
    bool in_kernel_ = false;
    int own_socket_ = -1; // while another stands in for it
};

// A Sync, which leaves with what comes behind it where the version of libpq allows that. False: the connection is
// broken.
bool put_sync(pg_conn* c) noexcept;

} // namespace coda::pg::detail
