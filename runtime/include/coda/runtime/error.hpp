// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error_class.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

/// Errors as values: what went wrong (`code`), what became of the request (`outcome`), and what the other side said
/// (`details`). Expected failures travel as `result<T>`; only `co_await op` throws, once, at the very end.
///
///     auto row = co_await coda::as_result(db.query_one<account>(sql, id));
///     if (!row && row.error().code() == coda::errc::timed_out) co_return fallback();
namespace coda {

/// The runtime's own error codes. Drivers and pools have categories of their own.
enum class errc {
    cancelled = 1,     ///< the caller asked for the operation to be cancelled
    timed_out,         ///< the deadline in the context passed
    closed,            ///< the object (channel, pool, connection ...) was closed
    queue_full,        ///< a bounded queue rejected the request at once
    already_awaited,   ///< a task, operation or stream was awaited a second time
    loop_stopped,      ///< the loop was stopped before the operation ended
    name_not_resolved, ///< a host name has no usable address
    invalid_argument,  ///< an option or argument is out of its documented range
    connection_lost,   ///< the peer went away
    not_connected,     ///< there is no connection to use
    protocol_error,    ///< the peer broke the protocol; the connection is not used again
    type_mismatch,     ///< a value cannot be read as the type asked for
};

/// What is known about a request that ended with an error; retry logic reads it.
enum class outcome : unsigned char {
    not_sent,  ///< nothing of it reached the server: sending it again is safe
    completed, ///< the server processed it and answered (an error answer is an answer)
    unknown,   ///< it was sent and no answer was seen: it may or may not have happened
};

/// `outcome` as the word used in its declaration.
std::string_view to_string(outcome) noexcept;

using boost::system::error_code;

/// The category of `errc`, named "coda".
boost::system::error_category const& runtime_category() noexcept;
/// An `errc` as an error code; makes codes comparable with it (`e.code() == coda::errc::timed_out`).
error_code make_error_code(errc) noexcept;

/// What a driver adds to an error: derive from it (fields of a server's answer, statistics of a pool ...). Immutable
/// and shared by the copies of an error.
class error_details {
public:
    virtual ~error_details() = default;
    /// One line for people. Holds no secrets.
    virtual std::string message() const = 0;
    /// What kind of failure it is, where the details know more of that than the code does: a server's labels, say.
    virtual std::optional<error_class> kind() const noexcept { return {}; }
    /// How long the server asks to be left alone before the request is tried again; zero where it does not ask.
    virtual std::chrono::nanoseconds retry_after() const noexcept { return {}; }
    /// The details of the error that these were put around, by what tried it several times, say; nullptr where there is
    /// none.
    virtual error_details const* inner() const noexcept { return nullptr; }
};

/// One failure, cheap to copy.
class error {
public:
    /// No failure: what `result::error()` gives for a success.
    error() noexcept = default;
    error(error_code code, coda::outcome what = outcome::not_sent,
          std::shared_ptr<error_details const> details = nullptr) noexcept
        : code_(code), details_(std::move(details)), outcome_(what) {}
    error(errc code, coda::outcome what = outcome::not_sent) noexcept : error(make_error_code(code), what) {}
    /// With a message of one's own instead of the code's.
    error(error_code code, std::string message, coda::outcome what = outcome::not_sent);

    /// What went wrong.
    error_code const& code() const noexcept { return code_; }
    /// What became of the request.
    coda::outcome outcome() const noexcept { return outcome_; }
    /// The details' message where there is one, else the code's.
    std::string message() const;

    /// What kind of failure it is: the details' word where they have one, else that of the code's category
    /// (error_class.hpp). A category that says nothing of it: `permanent`.
    error_class kind() const noexcept;
    /// How long the server asks to be left alone; zero where it does not ask.
    std::chrono::nanoseconds retry_after() const noexcept;

    /// The details as `T`, or those inside them; nullptr where there are none of that kind.
    template <class T>
    T const* details() const noexcept {
        for (auto const* d = details_.get(); d != nullptr; d = d->inner())
            if (auto const* const found = dynamic_cast<T const*>(d)) return found;
        return nullptr;
    }

    /// The same failure with another outcome, for a layer that knows more than the one below.
    error with_outcome(coda::outcome what) const noexcept { return {code_, what, details_}; }

private:
    error_code code_;
    std::shared_ptr<error_details const> details_;
    coda::outcome outcome_ = outcome::not_sent;
};

/// An error with a message of its own where there is memory for that, else with the code's.
error described(error_code code, std::string_view message, outcome what = outcome::not_sent) noexcept;

/// What `co_await operation` throws; carries the whole error.
class exception : public std::runtime_error {
public:
    /// what() is the error's message.
    explicit exception(coda::error e) : std::runtime_error(e.message()), error_(std::move(e)) {}
    /// All that is known.
    coda::error const& error() const noexcept { return error_; }
    /// What went wrong, for short.
    error_code const& code() const noexcept { return error_.code(); }

private:
    coda::error error_;
};

/// A value or an error: the native outcome of every operation.
template <class T = void>
using result = boost::system::result<T, error>;

/// Found by Boost.System when `result::value()` is called on an error.
[[noreturn]] void throw_exception_from_error(error const& e, boost::source_location const&);

} // namespace coda

template <>
struct boost::system::is_error_code_enum<coda::errc> : std::true_type {};
