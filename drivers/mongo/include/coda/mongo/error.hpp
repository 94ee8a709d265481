// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/document.hpp>

/// What MongoDB says when a command fails, and what the driver says when it cannot ask.
///
///     auto r = co_await coda::as_result(accounts.insert_one(a));
///     if (!r && r.error().code() == coda::mongo::server_code::duplicate_key) ...
namespace coda::mongo {

/// The driver's own error codes, in category "coda.mongo".
enum class errc {
    connect_failed = 1,    ///< no server was reached that can be used; the message says why
    malformed_reply,       ///< the server's answer lacks what the command's answer must have
    client_failure,        ///< libmongoc refused the command before it was sent; the message is its own
    authentication_failed, ///< the server rejected the login, or could not prove itself that it knows the password
};

/// The category of `errc`.
boost::system::error_category const& driver_category() noexcept;
error_code make_error_code(errc) noexcept;

/// The category of the numbers that servers send ("code" in their replies), named "mongodb".
boost::system::error_category const& server_category() noexcept;

/// The numbers that programs ask for most often (MongoDB manual, "Error Codes"); compare with `error::code()`.
namespace server_code {
inline error_code const bad_value{2, server_category()};
inline error_code const unauthorized{13, server_category()};
inline error_code const authentication_failed{18, server_category()};
inline error_code const namespace_not_found{26, server_category()};
inline error_code const cursor_not_found{43, server_category()};
inline error_code const max_time_expired{50, server_category()};
inline error_code const command_not_found{59, server_category()};
inline error_code const write_concern_failed{64, server_category()};
inline error_code const write_conflict{112, server_category()};
inline error_code const document_validation_failure{121, server_category()};
inline error_code const not_writable_primary{10107, server_category()};
inline error_code const duplicate_key{11000, server_category()};
} // namespace server_code

/// An error as the server sent it. These are the server's words; the driver's are in errors without this detail.
class server_error final : public error_details {
public:
    std::int32_t code = 0;             ///< 0 where the server gave none
    std::string code_name;             ///< "DuplicateKey"; empty where the server gave none
    std::string text;                  ///< the message itself
    std::vector<std::string> labels;   ///< "TransientTransactionError", "RetryableWriteError" ...
    std::optional<std::int32_t> index; ///< which of several documents of an insert, update or delete it was
    bool write_concern = false;        ///< it was written, but not confirmed as the write concern asks

    /// "11000 DuplicateKey: E11000 duplicate key error ...".
    std::string message() const override;
    /// By its labels and its number, as docs/retry.md lists them.
    std::optional<error_class> kind() const noexcept override;
    /// Whether the server gave that label.
    bool has_label(std::string_view label) const noexcept;
};

} // namespace coda::mongo

template <>
struct boost::system::is_error_code_enum<coda::mongo::errc> : std::true_type {};
