// SPDX-License-Identifier: BSL-1.0
#include "clients/mongo/blocking_session.hpp"

#include "workloads/mongo/commands.hpp"

#include <stdexcept>

namespace coda::bench::mongo {

std::string execute(mongoc_client_t* client, asked q, std::int64_t& next, bool& lost) {
    bson_t command;
    bson_t reply;
    bson_error_t e;
    bson_init(&command);
    append_command(command, q);
    bool const done =
        q.what == query::credit
            ? mongoc_client_write_command_with_opts(client, database_name, &command, nullptr, &reply, &e)
            : mongoc_client_read_command_with_opts(client, database_name, &command, nullptr, nullptr, &reply, &e);
    std::string fault;
    if (!done) {
        lost = e.domain == MONGOC_ERROR_STREAM || e.domain == MONGOC_ERROR_SERVER_SELECTION;
        fault = e.message;
    } else if (auto const* why = fault_in(reply, q, next)) {
        fault = why;
    }
    bson_destroy(&reply);
    bson_destroy(&command);
    return fault;
}

blocking_session::blocking_session(plan const& p) {
    initialise();
    client_.reset(mongoc_client_new_from_uri(parse_uri(p.uris.at("mongo")).get()));
    if (!client_) throw std::runtime_error("the client could not be made");
    std::int64_t unused = 0;
    if (auto const fault = execute(query::account, 1, unused); !fault.empty()) throw std::runtime_error(fault);
}

} // namespace coda::bench::mongo
