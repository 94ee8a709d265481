# SPDX-License-Identifier: BSL-1.0
"""usage: runner.py URI WORKLOAD SECONDS

One workload on ten connections, one query in flight on each, through asyncpg on uvloop: prepared statements, whose
results are binary. Prints a line of JSON as every runner beside it does.
"""

import asyncio
import json
import platform
import resource
import sys
import time

import asyncpg
import uvloop

CONNECTIONS = 10
ENTRIES = [(i, i + 1, i + 2, f"entry number {i}", i * 0.5, -i) for i in range(10_000)]
COLUMNS = ("a", "b", "c", "d", "e", "f")
INSERT = "insert into pg_workloads_entries (a, b, c, d, e, f) values ($1, $2, $3, $4, $5, $6)"

READS = {
    "pg_type": (
        "select typname, typnamespace, typowner, typlen, typbyval, typcategory, typispreferred, typisdefined, "
        "typdelim, typrelid, typelem, typarray from pg_type where typtypmod = $1 and typisdefined = $2",
        (-1, True),
    ),
    "series": ("select i from generate_series(1, 1000) as i", ()),
    "bytea": ("select b from pg_workloads_bytes", ()),
    "arrays": ("select a from pg_workloads_arrays", ()),
    "one_plus_one": ("select 1+1", ()),
}


async def make_read(db, sql, arguments):
    statement = await db.prepare(sql)
    return lambda: statement.fetch(*arguments)


async def make_copy(db):
    async def copy():
        status = await db.copy_records_to_table("pg_workloads_entries", records=ENTRIES, columns=COLUMNS)
        return int(status.split()[-1])

    return copy


async def make_batch(db):
    rows = ENTRIES[:1_000]

    async def insert_all():
        await db.executemany(INSERT, rows)  # one transaction
        return len(rows)

    return insert_all


async def make(db, workload):
    """What asks once, on that connection."""
    if workload in READS:
        return await make_read(db, *READS[workload])
    return await {"copy": make_copy, "batch": make_batch}[workload](db)


def rows_of(answer):
    return answer if isinstance(answer, int) else len(answer)


class Window:
    """Counts from the start on, so that the measured part begins and ends while everybody is at work."""

    def __init__(self):
        self.queries = 0
        self.rows = 0
        self.closed = False

    def now(self):
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "queries": self.queries,
            "rows": self.rows,
            "seconds": time.monotonic(),
            "cpu_us": (used.ru_utime + used.ru_stime) * 1e6,
        }

    async def time(self, seconds):
        await asyncio.sleep(max(seconds / 4, 0.2))
        opened = self.now()
        await asyncio.sleep(seconds)
        self.measured = {name: value - opened[name] for name, value in self.now().items()}
        self.closed = True


async def keep_asking(ask, window):
    while not window.closed:
        last = await ask()
        window.queries += 1
        window.rows += rows_of(last)
    return last


def fold(total, value):
    """As checksum.hpp does: numbers as they are, everything else as its length and then its elements."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, (bytes, list, tuple, asyncpg.Record)):
        if not isinstance(value, asyncpg.Record):
            total = total * 31 + len(value)
        for each in value:
            total = fold(total, each)
        return total
    return (total * 31 + value) % 2**64


def checksum(answer, workload):
    if isinstance(answer, int):
        return fold(0, answer)
    total = 0
    for row in answer:
        for name, value in row.items():
            # "char" comes as a byte string
            total = fold(total, value[0] if name in ("typcategory", "typdelim") else value)
    return total


async def main(uri, workload, seconds):
    dbs = [await asyncpg.connect(uri) for _ in range(CONNECTIONS)]
    window = Window()
    asks = [await make(db, workload) for db in dbs]
    *last, _ = await asyncio.gather(*(keep_asking(ask, window) for ask in asks), window.time(seconds))
    sums = {checksum(answer, workload) for answer in last}
    if len(sums) != 1:
        sys.exit("the connections' answers differ")
    versions = f"asyncpg {asyncpg.__version__}, uvloop {uvloop.__version__}, Python {platform.python_version()}"
    print(json.dumps({"client": versions, **window.measured, "checksum": f"{sums.pop():016x}"}), flush=True)
    for db in dbs:
        await db.close()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    uvloop.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
