#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# check.sh must report each kind of violation in an otherwise good tree, and nothing else.
set -euo pipefail
check=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/check.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# put FILE INCLUDE
put() {
    mkdir -p "$tree/$(dirname "$1")"
    printf '#pragma once\n#include %s\n' "$2" >"$tree/$1"
}

good_tree() {
    rm -rf "${tree:?}"/*
    put runtime/include/coda/runtime.hpp '<coda/runtime/task.hpp>'
    put runtime/src/task.cpp '"frame.hpp"'
    put pool/include/coda/pool.hpp '<coda/runtime.hpp>'
    put retry/include/coda/retry/retry.hpp '<coda/runtime/task.hpp>'
    put drivers/postgres/include/coda/postgres.hpp '<coda/pool.hpp>'
    put drivers/postgres/src/client.cpp '<coda/retry/retry.hpp>'
    put drivers/redis/include/coda/redis.hpp '<coda/redis/client.hpp>'
    put tests/unit/a_test.cpp '<coda/postgres.hpp>'
    put examples/01_a.cpp '<coda/redis.hpp>'
}

# expect STATUS TEXT: what the check says of the tree as it is.
expect() {
    local output status=0
    output=$("$check" "$tree" 2>&1) || status=$?
    if [[ $status != "$1" || $output != *"$2"* || ($1 == 0 && -n $output) ]]; then
        echo "expected status $1 and '$2', got $status: $output"
        failures=$((failures + 1))
    fi
}

# rejected FILE INCLUDE: in a good tree, this one include is reported, with its place.
rejected() {
    good_tree
    put "$1" "$2"
    expect 1 "$1:2: #include $2"
}

good_tree
expect 0 ''
rejected runtime/include/coda/runtime/task.hpp '<coda/pool.hpp>'
rejected runtime/src/loop.cpp '<coda/postgres/client.hpp>'
rejected pool/include/coda/pool.hpp '<coda/retry.hpp>'
rejected retry/src/hedge.cpp '<coda/pool/lease.hpp>'
rejected pool/src/pool.cpp '<coda/redis.hpp>'
rejected drivers/redis/src/client.cpp '<coda/postgres.hpp>'
rejected drivers/postgres/src/client.cpp '<coda/coda.hpp>'
rejected drivers/postgres/src/client.cpp '"../../../runtime/src/frame.hpp"'
rejected pool/src/pool.cpp '"runtime/src/frame.hpp"'
rejected tests/unit/a_test.cpp '"pool/src/waiters.hpp"'
rejected examples/01_a.cpp '"coda/redis.hpp"'
rejected runtime/include/coda/runtime/task.hpp '"frame.hpp"'
rejected runtime/src/loop.cpp '<coda/unheard_of.hpp>'
rm -rf "${tree:?}"/*
expect 2 'no sources'
exit $((failures > 0))
