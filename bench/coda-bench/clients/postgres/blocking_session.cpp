// SPDX-License-Identifier: BSL-1.0
#include "clients/postgres/blocking_session.hpp"

#include <stdexcept>

namespace coda::bench::postgres {
namespace {

using reply_ptr = std::unique_ptr<PGresult, decltype(&PQclear)>;

} // namespace

blocking_session::blocking_session(std::string const& conninfo) : db_(PQconnectdb(conninfo.c_str()), PQfinish) {
    if (!alive()) throw std::runtime_error(PQerrorMessage(db_.get()));
    for (auto const& s : statements) {
        reply_ptr reply(PQprepare(db_.get(), s.name, s.sql, 0, nullptr), PQclear);
        if (PQresultStatus(reply.get()) != PGRES_COMMAND_OK)
            throw std::runtime_error(PQresultErrorMessage(reply.get()));
    }
}

std::string blocking_session::perform(workload w, key_sequence& keys) {
    auto const key = keys.next(account_count);
    switch (w) {
    case workload::read: return execute(statement::account, key);
    case workload::write: return execute(statement::credit, key);
    case workload::page: return page(key);
    }
    return "no such workload";
}

std::string blocking_session::page(std::int64_t account) {
    std::int64_t customer = 0;
    if (auto e = execute(statement::account, account, &customer); !e.empty()) return e;
    if (auto e = execute(statement::session, customer); !e.empty()) return e;
    if (auto e = execute(statement::settings, customer); !e.empty()) return e;
    std::int64_t item = 0;
    if (auto e = execute(statement::order, customer, &item); !e.empty()) return e;
    return execute(statement::item, item);
}

std::string blocking_session::execute(statement s, std::int64_t key, std::int64_t* next) {
    parameters const p(s, key);
    reply_ptr const reply(PQexecPrepared(db_.get(), text_of(s).name, p.count(), p.values(), p.lengths(), p.formats(),
                                         /*resultFormat: binary*/ 1),
                          PQclear);
    if (auto const* fault = fault_in(reply.get(), s, key)) return fault;
    if (next) *next = next_key(reply.get());
    return {};
}

} // namespace coda::bench::postgres
