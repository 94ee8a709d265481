// SPDX-License-Identifier: BSL-1.0
#pragma once

/// BSON, MongoDB's format of documents: made, read, and mapped to structs.
///
///     auto d = bson::doc("name", "Ada", "tags", bson::array("a", 1, true), "address", bson::doc("city", "London"));
///     auto city = d.get<std::string>("address.city");
#include <coda/mongo/bson/builder.hpp>
#include <coda/mongo/bson/convert.hpp>
#include <coda/mongo/bson/document.hpp>
#include <coda/mongo/bson/error.hpp>
#include <coda/mongo/bson/json.hpp>
#include <coda/mongo/bson/types.hpp>
#include <coda/mongo/bson/view.hpp>

namespace coda::mongo {
namespace bson = coda::bson;
}
