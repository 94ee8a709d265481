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
    ask,   // to the server that the read preference chooses, as it is
};

// Whether the server is told how much time is left: maxTimeMS bounds all that it does for the command, for a cursor
// until its last document.
enum class time_limit : bool { ours_only, sent };

struct command {
    command(std::string db, bson::document what, command_kind k, time_limit t = time_limit::ours_only)
        : database(std::move(db)), body(std::move(what)), kind(k), limit(t) {}

    std::string database;
    bson::document body;
    command_kind kind;
    time_limit limit;
    std::string server; // as connection::server names it: the only one that it may go to
};

} // namespace coda::mongo::detail
