// SPDX-License-Identifier: BSL-1.0
#include "postgres_store.hpp"

namespace coda::test {
using contract_store = postgres_store;
}

#include "contract.hpp"
#include "limits.hpp"
#include "streams.hpp"
#include "transactions.hpp"
