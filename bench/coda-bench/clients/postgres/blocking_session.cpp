// SPDX-License-Identifier: BSL-1.0
#include "clients/postgres/blocking_session.hpp"

#include <stdexcept>

namespace coda::bench::postgres {
namespace {

using reply_ptr = std::unique_ptr<PGresult, decltype(&PQclear)>;

} // namespace

blocking_session::blocking_session(plan const& p) : db_(PQconnectdb(p.uris.at("postgres").c_str()), PQfinish) {
    if (!alive()) throw std::runtime_error(PQerrorMessage(db_.get()));
    for (auto const& s : statements) {
        reply_ptr reply(PQprepare(db_.get(), s.name, s.sql, 0, nullptr), PQclear);
        if (PQresultStatus(reply.get()) != PGRES_COMMAND_OK)
            throw std::runtime_error(PQresultErrorMessage(reply.get()));
    }
}

std::string blocking_session::execute(query q, std::int64_t key, std::int64_t& next) {
    parameters const p(q, key);
    reply_ptr const reply(PQexecPrepared(db_.get(), text_of(q).name, p.count(), p.values(), p.lengths(), p.formats(),
                                         /*resultFormat: binary*/ 1),
                          PQclear);
    if (auto const* fault = fault_in(reply.get(), q, key)) return fault;
    if (q != query::credit) next = next_key(reply.get());
    return {};
}

} // namespace coda::bench::postgres
