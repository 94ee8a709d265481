// SPDX-License-Identifier: BSL-1.0
#include "classify.hpp"

namespace coda::pg::detail {

namespace {

struct rule {
    std::string_view begins; // all five characters, or the two of a class
    error_class kind;
};

// The first that fits counts: exceptions before their class.
constexpr rule rules[] = {
    {"08007", error_class::unconfirmed}, // transaction_resolution_unknown
    {"08P01", error_class::permanent},   // protocol_violation
    {"08", error_class::connection_lost},
    {"25P03", error_class::connection_lost}, // idle_in_transaction_session_timeout: the session is ended
    {"25P04", error_class::expired},         // transaction_timeout
    {"40002", error_class::permanent},       // transaction_integrity_constraint_violation
    {"40003", error_class::unconfirmed},     // statement_completion_unknown
    {"40", error_class::conflict},           // serialization_failure, deadlock_detected
    {"53", error_class::throttled},          // too_many_connections, out_of_memory, disk_full
    {"55006", error_class::transient},       // object_in_use
    {"55P03", error_class::conflict},        // lock_not_available
    {"57000", error_class::expired},         // operator_intervention
    {"57014", error_class::expired},         // query_canceled: statement_timeout, or somebody cancelled it there
    {"57P01", error_class::connection_lost}, // admin_shutdown
    {"57P02", error_class::connection_lost}, // crash_shutdown
    {"57P03", error_class::transient},       // cannot_connect_now
    {"57P05", error_class::connection_lost}, // idle_session_timeout
};

} // namespace

error_class class_of_sqlstate(std::string_view five_characters) noexcept {
    for (auto const& r : rules)
        if (five_characters.starts_with(r.begins)) return r.kind;
    return error_class::permanent;
}

} // namespace coda::pg::detail
