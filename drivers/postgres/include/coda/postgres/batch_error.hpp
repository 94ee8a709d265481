// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/error.hpp>

#include <cstddef>
#include <optional>

/// Which of several statements has failed, and what became of the others.
///
///     auto r = co_await coda::as_result(db.execute_many("insert into t values ($1)", ids));
///     if (auto* e = r.error().details<coda::pg::batch_error>()) log("row {}", e->index.value_or(0));
namespace coda::pg {

/// What `execute_many` and `pipeline` add to an error. The server's words are inside: details<server_error>() of the
/// same error finds them.
class batch_error final : public error_details {
public:
    /// What failed is one of these.
    enum class of : unsigned char { parameter_sets, statements };

    batch_error(of what, error cause, std::optional<std::size_t> index, std::size_t stored);

    of what;
    /// The failure itself.
    error cause;
    /// The first that failed, from 0; nothing where that was not one of them but the transaction, which could not end
    /// (a deferred constraint, a serialization failure), or the connection.
    std::optional<std::size_t> index;
    /// How many stand all the same. Of those that do not, the ones behind `index` were not run, or were undone.
    std::size_t stored;

    /// "parameter set 17: ERROR 23505: ..."
    std::string message() const override;
    /// The cause's. Where some stand, and the server has answered, `permanent`: the whole is not to be done again.
    std::optional<error_class> kind() const noexcept override;
    std::chrono::nanoseconds retry_after() const noexcept override { return cause.retry_after(); }
    error_details const* inner() const noexcept override { return cause.details<error_details>(); }
};

namespace detail {

// The failure of one of several; its code and outcome stay.
error failed_in_batch(batch_error::of what, error const& cause, std::optional<std::size_t> index,
                      std::size_t stored = 0);

} // namespace detail

} // namespace coda::pg
