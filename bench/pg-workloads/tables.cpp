// SPDX-License-Identifier: BSL-1.0
#include "tables.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <stdexcept>

namespace pg_workloads {

void tables::finish::operator()(pg_conn* c) const noexcept { PQfinish(c); }

tables::tables(std::string const& uri) : db_(PQconnectdb(uri.c_str())) {
    if (PQstatus(db_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(db_.get()));
    run("set client_min_messages = warning");
    run("drop table if exists pg_workloads_bytes, pg_workloads_arrays, pg_workloads_accounts, "
        "pg_workloads_entries");
    run("create table pg_workloads_bytes as select convert_to(rpad(i::text, 1000, md5(i::text)), 'UTF8') as b "
        "from generate_series(1, 100) i");
    run("create table pg_workloads_arrays as select array(select i * 1000 + k from generate_series(1, 100) k) as a "
        "from generate_series(1, 100) i");
    run("create table pg_workloads_accounts as select i::int8 as id, i * 100::int8 as cents "
        "from generate_series(0, 9999) i");
    run("alter table pg_workloads_accounts add primary key (id)");
    run("create table pg_workloads_entries (a int, b int, c int, d text, e float8, f int)");
    run("vacuum analyze");
}

void tables::forget_entries() { run("truncate pg_workloads_entries"); }

std::string tables::fault_of_entries(int batch) {
    auto const sound =
        run(fmt::format("with found as (select a, b, c, d, e, f, count(*) as copies from pg_workloads_entries "
                        "group by a, b, c, d, e, f) "
                        "select count(*) = {0} and count(i) = {0} and min(copies) = max(copies) "
                        "from found left join generate_series(0, {0} - 1) i on a = i and b = i + 1 and c = i + 2 "
                        "and d = 'entry number ' || i and e = i * 0.5 and f = -i",
                        batch));
    return sound == "t" ? "" : "the rows on the server are not those that were to be written";
}

std::string tables::about() {
    return fmt::format("PostgreSQL {}, fsync {}, synchronous_commit {}", run("show server_version"), run("show fsync"),
                       run("show synchronous_commit"));
}

std::string tables::run(std::string const& sql) {
    std::unique_ptr<PGresult, decltype(&PQclear)> const r(PQexec(db_.get(), sql.c_str()), &PQclear);
    auto const status = PQresultStatus(r.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(db_.get()));
    return PQntuples(r.get()) > 0 ? PQgetvalue(r.get(), 0, 0) : "";
}

} // namespace pg_workloads
