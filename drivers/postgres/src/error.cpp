// SPDX-License-Identifier: BSL-1.0
#include "classify.hpp"

#include <coda/postgres/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda::pg {

namespace {

class driver_errors final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "coda.postgres"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::connect_failed: return "connecting failed";
        case errc::wrong_settings: return "connecting failed for what the program's settings ask for";
        case errc::no_rows: return "the statement gave no row";
        case errc::several_rows: return "the statement gave more than one row";
        case errc::unexpected_null: return "unexpected NULL";
        case errc::no_such_column: return "no such column";
        case errc::copy_refused: return "COPY from or to the client cannot run as a statement";
        case errc::needs_own_connection: return "the statement needs a connection of its own";
        case errc::transaction_failed: return "a statement of the transaction had failed";
        case errc::transaction_over: return "the transaction is over";
        case errc::stream_open: return "a stream of rows is open on the connection";
        }
        return "unknown coda.postgres error";
    }
    boost::system::error_condition default_error_condition(int code) const noexcept override {
        return static_cast<errc>(code) == errc::connect_failed ? error_class::connection_lost : error_class::permanent;
    }
};

// A SQLSTATE is five digits or capital letters: a number in base 36.
class sqlstates final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "sqlstate"; }
    std::string message(int code) const override { return fmt::format("SQLSTATE {}", text(code)); }
    boost::system::error_condition default_error_condition(int code) const noexcept override {
        return detail::class_of_sqlstate(text(code)); // a string so short is on no heap
    }

    static std::string text(int code) {
        std::string characters(5, '0');
        for (auto c = characters.rbegin(); c != characters.rend(); ++c, code /= 36)
            *c = static_cast<char>(code % 36 < 10 ? '0' + code % 36 : 'A' + code % 36 - 10);
        return characters;
    }
};

constexpr int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    return -1;
}

} // namespace

boost::system::error_category const& driver_category() noexcept {
    static driver_errors const instance;
    return instance;
}

error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), driver_category()}; }

boost::system::error_category const& sqlstate_category() noexcept {
    static sqlstates const instance;
    return instance;
}

error_code make_sqlstate(std::string_view five_characters) noexcept {
    bool const valid =
        five_characters.size() == 5 && std::ranges::all_of(five_characters, [](char c) { return digit(c) >= 0; });
    int value = 0;
    for (char c : valid ? five_characters : std::string_view("XX000")) value = value * 36 + digit(c);
    return {value, sqlstate_category()};
}

std::string sqlstate_of(error_code const& code) { return sqlstates::text(code.value()); }

namespace sqlstate {
error_code const connection_exception = make_sqlstate("08000");
error_code const not_null_violation = make_sqlstate("23502");
error_code const foreign_key_violation = make_sqlstate("23503");
error_code const unique_violation = make_sqlstate("23505");
error_code const check_violation = make_sqlstate("23514");
error_code const read_only_transaction = make_sqlstate("25006");
error_code const invalid_password = make_sqlstate("28P01");
error_code const invalid_catalog_name = make_sqlstate("3D000");
error_code const serialization_failure = make_sqlstate("40001");
error_code const deadlock_detected = make_sqlstate("40P01");
error_code const syntax_error = make_sqlstate("42601");
error_code const undefined_column = make_sqlstate("42703");
error_code const undefined_table = make_sqlstate("42P01");
error_code const too_many_connections = make_sqlstate("53300");
error_code const query_canceled = make_sqlstate("57014");
error_code const admin_shutdown = make_sqlstate("57P01");
error_code const cannot_connect_now = make_sqlstate("57P03");
} // namespace sqlstate

std::string server_error::message() const {
    return fmt::format("{}{}{} {}: {}", address, address.empty() ? "" : ": ", severity, code, primary);
}

std::optional<error_class> server_error::kind() const noexcept { return detail::class_of_sqlstate(code); }

} // namespace coda::pg
