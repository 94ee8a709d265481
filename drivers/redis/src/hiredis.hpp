// SPDX-License-Identifier: BSL-1.0
#pragma once

// hiredis' headers, of which sds.h does not know C++.
extern "C" {
#include <hiredis/sds.h>
}
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#if HIREDIS_MAJOR > 0
#error "coda's Redis driver is made for hiredis 0.14: later ones read the types of RESP3, which it does not know"
#endif
