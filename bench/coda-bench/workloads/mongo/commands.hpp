// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "workloads/query.hpp"

#include <bson/bson.h>

#include <cstdint>

namespace coda::bench::mongo {

inline constexpr char const* database_name = "coda_bench";

/// The collection in which a query's documents are; their `_id` is the key, 64 bits.
[[nodiscard]] char const* collection_of(query q) noexcept;

/// The field of such a document that holds the key that leads on, 64 bits; nullptr if none does.
[[nodiscard]] char const* next_field_of(query q) noexcept;

/// Appends a document to `to`, whole with its `_id`.
void append_document(bson_t& to, query q, std::int64_t key);

/// Appends to `to` the command that asks: `find` of one by `_id`, or for `credit` `update` of one by `_id`.
void append_command(bson_t& to, asked q);

/// What is wrong with the server's reply to it; nullptr if nothing is, and then `next` is the key that leads on.
/// The text lives as long as `reply`.
[[nodiscard]] char const* fault_in(bson_t const& reply, asked q, std::int64_t& next) noexcept;

} // namespace coda::bench::mongo
