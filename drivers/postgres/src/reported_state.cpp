// SPDX-License-Identifier: BSL-1.0
#include "reported_state.hpp"

#include <libpq-fe.h>

namespace coda::pg::detail {

namespace {

std::string_view reported(PGconn const* session, char const* name) noexcept {
    char const* const value = PQparameterStatus(session, name);
    return value != nullptr ? value : "";
}

} // namespace

reported_state::reported_state(PGconn const* session) : encoding_(PQclientEncoding(session)) {
    for (std::size_t i = 0; i < names.size(); ++i) values_[i] = reported(session, names[i]);
}

// While more is in flight libpq tells nothing of the transaction.
std::string_view reported_state::changed_on(PGconn const* session) const noexcept {
    auto const transaction = PQtransactionStatus(session);
    if (transaction == PQTRANS_INTRANS || transaction == PQTRANS_INERROR) return "a transaction left open";
    if (PQclientEncoding(session) != encoding_) return "client_encoding";
    for (std::size_t i = 0; i < names.size(); ++i)
        if (values_[i] != reported(session, names[i])) return names[i];
    return {};
}

} // namespace coda::pg::detail
