// SPDX-License-Identifier: BSL-1.0
#include "memcached_store.hpp"

namespace coda::test {
using contract_store = memcached_store;
}

#include "contract.hpp"
