// SPDX-License-Identifier: BSL-1.0
#pragma once

// hiredis' headers, of which sds.h does not know C++.
extern "C" {
#include <hiredis/sds.h>
}
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
