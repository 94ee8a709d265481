// SPDX-License-Identifier: BSL-1.0
#include "redis_store.hpp"

namespace coda::test {
using contract_store = redis_store;
}

#include "contract.hpp"
#include "limits.hpp"
