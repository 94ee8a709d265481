// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Bounded, fair pools of connections to anything.
#include <coda/pool/error.hpp>
#include <coda/pool/lease.hpp>
#include <coda/pool/listener.hpp>
#include <coda/pool/options.hpp>
#include <coda/pool/pool.hpp>
#include <coda/pool/poolable.hpp>
#include <coda/pool/session_choice.hpp>
#include <coda/pool/sharded.hpp>
#include <coda/pool/shared_connections.hpp>
#include <coda/pool/statistics.hpp>
