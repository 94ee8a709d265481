// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Retrying, and what else protects callers and servers from each other: small parts that compose.
#include <coda/retry/backoff.hpp>
#include <coda/retry/circuit_breaker.hpp>
#include <coda/retry/concurrency_limiter.hpp>
#include <coda/retry/decision.hpp>
#include <coda/retry/error.hpp>
#include <coda/retry/fallback.hpp>
#include <coda/retry/health.hpp>
#include <coda/retry/hedge.hpp>
#include <coda/retry/pipeline.hpp>
#include <coda/retry/random.hpp>
#include <coda/retry/rate_limiter.hpp>
#include <coda/retry/retry.hpp>
#include <coda/retry/retry_budget.hpp>
#include <coda/retry/retry_policy.hpp>
#include <coda/retry/single_flight.hpp>
#include <coda/retry/timeout.hpp>
