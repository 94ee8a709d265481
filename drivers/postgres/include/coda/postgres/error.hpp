// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <string>
#include <string_view>

/// What PostgreSQL says when a statement fails, and what the driver says when it cannot ask.
///
///     auto r = co_await coda::as_result(db.execute("insert into t values ($1)", id));
///     if (!r && r.error().code() == coda::pg::sqlstate::unique_violation) ...
///     if (auto* e = r.error().details<coda::pg::server_error>()) log(e->constraint);
namespace coda::pg {

/// The driver's own error codes.
enum class errc {
    connect_failed = 1, ///< no server was reached, or it broke off; one that rejects the login gives its SQLSTATE
    no_rows,            ///< a statement that must give one row gave none
    several_rows,       ///< a statement that must give at most one row gave several
    unexpected_null,    ///< a NULL was read as a type that has none; read it as std::optional
    no_such_column,     ///< the result has no column of that name or place
    copy_refused,       ///< COPY from or to the client is no statement; its connection was closed
    /// On a shared client: the statement would change the session (BEGIN, SET, LISTEN ...); lease a connection for it.
    needs_own_connection,
    transaction_failed, ///< a statement of it had failed, and the body went on: nothing of it has happened
    transaction_over,   ///< it, or the savepoint, has ended before the statement began
    stream_open,        ///< a stream of rows has the connection: end it first, or fetch from a cursor
    /// What the settings ask for cannot be had, and trying again does not help: TLS where the server has none, a
    /// certificate that is not trusted or cannot be read, a password that nobody gave. Where libpq says so in English.
    wrong_settings,
};

/// The category of `errc`, named "coda.postgres".
boost::system::error_category const& driver_category() noexcept;
/// An `errc` as an error code; makes codes comparable with it.
error_code make_error_code(errc) noexcept;

/// The category of the codes that servers send (SQLSTATE), named "sqlstate".
boost::system::error_category const& sqlstate_category() noexcept;

/// The error code of a five-character SQLSTATE, as PostgreSQL's manual lists them (appendix A). Other texts give the
/// code of XX000, internal_error.
error_code make_sqlstate(std::string_view five_characters) noexcept;
/// The five characters of a code of sqlstate_category().
std::string sqlstate_of(error_code const& code);

/// SQLSTATEs that programs ask for most often; compare with `error::code()`.
namespace sqlstate {
extern error_code const connection_exception;  // 08000
extern error_code const not_null_violation;    // 23502
extern error_code const foreign_key_violation; // 23503
extern error_code const unique_violation;      // 23505
extern error_code const check_violation;       // 23514
extern error_code const read_only_transaction; // 25006
extern error_code const invalid_password;      // 28P01
extern error_code const invalid_catalog_name;  // 3D000
extern error_code const serialization_failure; // 40001
extern error_code const deadlock_detected;     // 40P01
extern error_code const syntax_error;          // 42601
extern error_code const undefined_column;      // 42703
extern error_code const undefined_table;       // 42P01
extern error_code const too_many_connections;  // 53300
extern error_code const query_canceled;        // 57014
extern error_code const admin_shutdown;        // 57P01
extern error_code const cannot_connect_now;    // 57P03
} // namespace sqlstate

/// An error or notice as the server sent it: the fields of its ErrorResponse (PostgreSQL manual, 55.8), empty where it
/// sent none. Of a rejected login libpq tells severity, code and primary alone. These are the server's words; the
/// driver's are in errors without this detail.
class server_error final : public error_details {
public:
    std::string severity; ///< ERROR, FATAL or PANIC; never translated, but for a rejected login's
    std::string code;     ///< SQLSTATE
    std::string primary;  ///< the message itself
    std::string detail;
    std::string hint;
    std::string position; ///< of the error in the statement, in characters from 1
    std::string internal_position;
    std::string internal_query;
    std::string where;
    std::string schema;
    std::string table;
    std::string column;
    std::string data_type;
    std::string constraint;
    std::string file;
    std::string line;
    std::string routine;
    std::string address; ///< the server that rejected the login, in libpq's words; else empty

    /// "ERROR 23505: duplicate key value violates unique constraint ...", behind the address if any; without detail,
    /// which may hold values.
    std::string message() const override;
    /// By the SQLSTATE, as docs/retry.md lists them.
    std::optional<error_class> kind() const noexcept override;
};

} // namespace coda::pg

template <>
struct boost::system::is_error_code_enum<coda::pg::errc> : std::true_type {};
