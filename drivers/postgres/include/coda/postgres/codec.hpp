// SPDX-License-Identifier: BSL-1.0
#pragma once

/// How C++ types travel as PostgreSQL's binary format, both ways: docs/postgres.md has the table.
#include <coda/postgres/codec/array.hpp>
#include <coda/postgres/codec/bits.hpp>
#include <coda/postgres/codec/chrono.hpp>
#include <coda/postgres/codec/composite.hpp>
#include <coda/postgres/codec/enum.hpp>
#include <coda/postgres/codec/net.hpp>
#include <coda/postgres/codec/numeric.hpp>
#include <coda/postgres/codec/range.hpp>
#include <coda/postgres/codec/scalar.hpp>
#include <coda/postgres/codec/text.hpp>
#include <coda/postgres/codec/trait.hpp>
#include <coda/postgres/codec/unchecked.hpp>
#include <coda/postgres/codec/uuid.hpp>
