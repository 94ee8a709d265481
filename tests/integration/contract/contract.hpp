// SPDX-License-Identifier: BSL-1.0
// The contract that every driver keeps (docs/contracts.md), on every loop: whose reply it is, what cancelling and
// deadlines do, and that faults and misuse end in typed errors within bounds, with nothing left behind. These are
// tests, to be included once by the source of a store's, which has named it before: see postgres_test.cpp.
#pragma once

#include "faults.hpp"
#include "misuse.hpp"
#include "requests.hpp"
