// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The MongoDB driver.
#include <coda/mongo/bson.hpp>
#include <coda/mongo/client.hpp>
#include <coda/mongo/collection.hpp>
#include <coda/mongo/connection.hpp>
#include <coda/mongo/error.hpp>
#include <coda/mongo/options.hpp>
