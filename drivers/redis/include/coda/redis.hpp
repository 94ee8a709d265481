// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The Redis driver.
#include <coda/redis/client.hpp>
#include <coda/redis/connection.hpp>
#include <coda/redis/error.hpp>
#include <coda/redis/options.hpp>
#include <coda/redis/reply.hpp>
