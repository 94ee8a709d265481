// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The PostgreSQL driver.
#include <coda/postgres/batch_error.hpp>
#include <coda/postgres/client.hpp>
#include <coda/postgres/codec.hpp>
#include <coda/postgres/connection.hpp>
#include <coda/postgres/cursor.hpp>
#include <coda/postgres/error.hpp>
#include <coda/postgres/ident.hpp>
#include <coda/postgres/many_options.hpp>
#include <coda/postgres/observer.hpp>
#include <coda/postgres/options.hpp>
#include <coda/postgres/result_set.hpp>
#include <coda/postgres/slow_statement_log.hpp>
#include <coda/postgres/statement.hpp>
#include <coda/postgres/transaction.hpp>
