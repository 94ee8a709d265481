// SPDX-License-Identifier: BSL-1.0
#include "classify.hpp"

namespace coda::mongo::detail {

error_class class_of(std::int32_t code) noexcept {
    switch (code) {
    // Refused at the door: this server is no primary, or has not what the read asks for yet.
    case 10107: // NotWritablePrimary
    case 13435: // NotPrimaryNoSecondaryOk
    case 13436: // NotPrimaryOrSecondary
    case 134:   // ReadConcernMajorityNotAvailableYet
        return error_class::transient;
    // Interrupted when it may have been half done, or lost between a mongos and its shard. A driver that sends it again
    // with the same transaction number does no harm; anybody else may do it twice.
    case 6:     // HostUnreachable
    case 7:     // HostNotFound
    case 64:    // WriteConcernFailed
    case 89:    // NetworkTimeout
    case 91:    // ShutdownInProgress
    case 189:   // PrimarySteppedDown
    case 262:   // ExceededTimeLimit
    case 9001:  // SocketException
    case 11600: // InterruptedAtShutdown
    case 11602: // InterruptedDueToReplStateChange
        return error_class::unconfirmed;
    case 24:  // LockTimeout
    case 112: // WriteConflict
    case 251: // NoSuchTransaction
        return error_class::conflict;
    case 50:    // MaxTimeMSExpired
    case 11601: // Interrupted
        return error_class::expired;
    default: return error_class::permanent;
    }
}

error_class class_of(server_error const& said) noexcept {
    bool const some_were_done = said.index.value_or(0) > 0;
    if (said.has_label("TransientTransactionError")) return error_class::conflict;
    if (said.has_label("UnknownTransactionCommitResult") || said.write_concern) return error_class::unconfirmed;
    if (said.has_label("SystemOverloadedError")) return error_class::throttled;
    auto const kind = class_of(said.code);
    bool const again =
        kind == error_class::transient || kind == error_class::conflict || kind == error_class::throttled;
    if (some_were_done && again) return error_class::unconfirmed;
    bool const retryable = kind == error_class::unconfirmed || said.has_label("RetryableWriteError");
    if (!retryable || kind == error_class::transient) return kind;
    return said.has_label("NoWritesPerformed") ? error_class::transient : error_class::unconfirmed;
}

} // namespace coda::mongo::detail
