// SPDX-License-Identifier: BSL-1.0
#include "mongo_store.hpp"

namespace coda::test {
using contract_store = mongo_store;
}

#include "contract.hpp"
#include "streams.hpp"
