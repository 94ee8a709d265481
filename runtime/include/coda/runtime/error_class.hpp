// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/system/error_condition.hpp>

#include <string_view>

/// What kind of failure an error is, whatever database it came from: what may be done about it.
///
///     if (r.error().kind() == coda::error_class::conflict) ...      // what retrying reads
///
/// A driver says so once, in its error category, by the standard's own means: `default_error_condition`.
///
///     boost::system::error_condition default_error_condition(int code) const noexcept override {
///         return code == busy ? coda::error_class::throttled : coda::error_class::permanent;
///     }
namespace coda {

/// Kinds of failure. What each means for retrying, circuit breakers and limiters: docs/retry.md.
enum class error_class {
    permanent = 1, ///< it would end so again: a mistake in the request, a constraint, no permission
    cancelled,     ///< the caller gave up; says nothing about the server
    expired,       ///< the server's own limit of time was over, or somebody ended it there: it would take as long again
    transient,     ///< a state that passes: the server starts, fails over, is busy; it did not do the request
    conflict,      ///< undone because of another transaction: run it again, whole
    connection_lost, ///< the server was not reached, or the connection to it broke, also because what came was no reply
    throttled,       ///< the server, or a bound on this side, asks for less
    unconfirmed,     ///< perhaps done, and the answer does not tell: as if there had been no answer
};

/// The name in the declaration.
std::string_view to_string(error_class) noexcept;

/// The category of `error_class` as an error condition, named "coda.class".
boost::system::error_category const& error_class_category() noexcept;
/// Makes classes comparable with codes: `code == coda::error_class::conflict`.
boost::system::error_condition make_error_condition(error_class) noexcept;

} // namespace coda

template <>
struct boost::system::is_error_condition_enum<coda::error_class> : std::true_type {};
