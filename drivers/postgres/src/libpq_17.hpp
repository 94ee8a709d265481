// SPDX-License-Identifier: BSL-1.0
// What libpq has from version 17 on (libpq manual, 34.5 and 34.7). All versions go by one soname, so that a program may
// meet another than it was built with: null where that one is older. That is so in position-independent code only, and
// of an archive (libpq.a) the linker takes what asks to cancel only where something else needs it.
#pragma once

#include <libpq-fe.h>

extern "C" {
struct pg_cancel_conn;

[[gnu::weak]] int PQsendPipelineSync(PGconn*);

[[gnu::weak]] pg_cancel_conn* PQcancelCreate(PGconn*);
[[gnu::weak]] int PQcancelStart(pg_cancel_conn*);
[[gnu::weak]] PostgresPollingStatusType PQcancelPoll(pg_cancel_conn*);
[[gnu::weak]] ConnStatusType PQcancelStatus(pg_cancel_conn const*);
[[gnu::weak]] int PQcancelSocket(pg_cancel_conn const*);
[[gnu::weak]] char* PQcancelErrorMessage(pg_cancel_conn const*);
[[gnu::weak]] void PQcancelFinish(pg_cancel_conn*);
}
