// SPDX-License-Identifier: BSL-1.0
#include "workloads/postgres/server.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace coda::bench::postgres {
namespace {

using connection_ptr = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using reply_ptr = std::unique_ptr<PGresult, decltype(&PQclear)>;
using options_ptr = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

// The version is kept as the schema's comment: a schema of another version is made anew.
constexpr char const* version = "coda-bench 1";

constexpr char const* create_sql = R"sql(
drop schema if exists coda_bench cascade;
create schema coda_bench;
create table coda_bench.accounts (id bigint primary key, customer_id bigint not null,
                                  cents bigint not null, owner text not null)
    with (fillfactor = 80);
create table coda_bench.sessions (customer_id bigint primary key, seen bigint not null,
                                  token text not null);
create table coda_bench.settings (customer_id bigint primary key, version bigint not null,
                                  theme text not null);
create table coda_bench.orders (id bigint primary key, customer_id bigint not null,
                                item_id bigint not null);
create table coda_bench.items (id bigint primary key, cents bigint not null, title text not null);
insert into coda_bench.accounts
    select i, 1 + (i * 7919) % 20000, 0, 'owner ' || i from generate_series(1, 100000) i;
insert into coda_bench.sessions
    select i, 1700000000 + i, md5(i::text) from generate_series(1, 20000) i;
insert into coda_bench.settings
    select i, 1, 'theme ' || i % 7 from generate_series(1, 20000) i;
insert into coda_bench.orders
    select i, 1 + i % 20000, 1 + (i * 31) % 1000 from generate_series(1, 60000) i;
insert into coda_bench.items
    select i, i * 100, 'item number ' || i from generate_series(1, 1000) i;
create index on coda_bench.orders (customer_id, id desc);
comment on schema coda_bench is 'coda-bench 1';
)sql";

std::string trimmed(char const* text) {
    std::string_view s = text ? text : "";
    while (s.ends_with('\n') || s.ends_with(' ')) s.remove_suffix(1);
    return std::string(s);
}

std::string run_sql(PGconn* db, char const* sql) {
    reply_ptr reply(PQexec(db, sql), PQclear);
    auto const status = PQresultStatus(reply.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw std::runtime_error(trimmed(PQerrorMessage(db)));
    return PQntuples(reply.get()) > 0 ? PQgetvalue(reply.get(), 0, 0) : "";
}

options_ptr parse(std::string const& conninfo) {
    char* complaint = nullptr;
    options_ptr options(PQconninfoParse(conninfo.c_str(), &complaint), PQconninfoFree);
    std::unique_ptr<char, decltype(&PQfreemem)> const owner(complaint, PQfreemem);
    // libpq's own words may quote the whole string, and with it the password.
    if (!options) throw std::runtime_error("the connection string is malformed");
    return options;
}

std::string quoted(std::string_view value) {
    std::string out;
    for (char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return fmt::format("'{}'", out);
}

std::optional<std::string> value_of(options_ptr const& options, std::string_view keyword) {
    for (auto const* o = options.get(); o->keyword; ++o)
        if (keyword == o->keyword && o->val && *o->val) return o->val;
    return std::nullopt;
}

bool speaks(std::string_view uri) {
    bool const keywords = uri.find("://") == uri.npos && uri.find('=') != uri.npos;
    return keywords || uri.starts_with("postgres://") || uri.starts_with("postgresql://");
}

std::string library() {
    int const v = PQlibVersion();
    return fmt::format("libpq {}.{}", v / 10000, v % 10000);
}

constexpr std::string_view variables[] = {"CODA_TEST_POSTGRES_URI", "CODA_TEST_POSTGRES_SOCKET_URI"};

} // namespace

std::string prepare_schema(std::string const& conninfo) {
    parse(conninfo); // complains without the password
    connection_ptr db(PQconnectdb(conninfo.c_str()), PQfinish);
    if (PQstatus(db.get()) != CONNECTION_OK) throw std::runtime_error(trimmed(PQerrorMessage(db.get())));
    run_sql(db.get(), "set client_min_messages = warning");
    auto const found = run_sql(db.get(), "select obj_description(oid, 'pg_namespace') "
                                         "from pg_namespace where nspname = 'coda_bench'");
    if (found != version) {
        run_sql(db.get(), create_sql);
        for (auto const* table : {"accounts", "sessions", "settings", "orders", "items"})
            run_sql(db.get(), fmt::format("vacuum (analyze) coda_bench.{}", table).c_str());
    }
    // Only a superuser may, and elsewhere nothing depends on it.
    reply_ptr const unasked(PQexec(db.get(), "checkpoint"), PQclear);
    return run_sql(db.get(), "select format('PostgreSQL %s, fsync %s, synchronous_commit %s, shared_buffers %s',"
                             " split_part(current_setting('server_version'), ' ', 1), current_setting('fsync'),"
                             " current_setting('synchronous_commit'), current_setting('shared_buffers'))");
}

std::string through_proxy(std::string const& conninfo, std::uint16_t port) {
    auto const options = parse(conninfo);
    auto out = fmt::format("host=127.0.0.1 port={}", port);
    for (auto const* o = options.get(); o->keyword; ++o) {
        std::string_view const keyword = o->keyword;
        if (!o->val || !*o->val || keyword == "host" || keyword == "hostaddr" || keyword == "port") continue;
        out += fmt::format(" {}={}", keyword, quoted(o->val));
    }
    return out;
}

std::string server_address(std::string const& conninfo) {
    auto const options = parse(conninfo);
    auto const host = value_of(options, "hostaddr").value_or(value_of(options, "host").value_or("/var/run/postgresql"));
    auto const port = value_of(options, "port").value_or("5432");
    return host.starts_with('/') ? fmt::format("{}/.s.PGSQL.{}", host, port) : fmt::format("{}:{}", host, port);
}

server const database{
    .name = "postgres",
    .title = "PostgreSQL",
    .variables = variables,
    .speaks = speaks,
    .prepare = prepare_schema,
    .address = server_address,
    .through_proxy = through_proxy,
    .library = library,
};

} // namespace coda::bench::postgres
