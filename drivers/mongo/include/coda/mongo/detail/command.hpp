// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/document.hpp>

#include <string>

namespace coda::mongo::detail {

// Where a command goes and what goes with it.
enum class command_kind : unsigned char {
    read,  // to the server that the read preference chooses, with the read concern
    write, // to a writable server, with the write concern
    plain, // to a writable server, as it is
};

struct command {
    command(std::string db, bson::document what, command_kind k)
        : database(std::move(db)), body(std::move(what)), kind(k) {}

    std::string database;
    bson::document body;
    command_kind kind;
};

} // namespace coda::mongo::detail
