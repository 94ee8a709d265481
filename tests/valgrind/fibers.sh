#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# usage: fibers.sh UNIT-TESTS
#
# Runs the tests of fibers under valgrind. A stack that it was not told of it either warns of, or takes for a part of
# the one before, and what is on it for unused.
set -euo pipefail

if ! command -v valgrind >/dev/null; then
    echo "NOT TESTED: no valgrind here"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Debian's valgrind cannot read what clang 19 writes for debuggers.
objcopy --strip-debug "$1" "$folder/tests"
# Not the death test, in which a stack overflows.
filter='a_fiber.*:fiber_stacks.*'
# nouserintercepts: some tests replace operator new, which is then theirs.
status=0
valgrind --error-exitcode=99 --soname-synonyms=somalloc=nouserintercepts --log-file="$folder/log" \
    "$folder/tests" --gtest_filter="$filter" --gtest_brief=1 || status=$?
cat "$folder/log"
if grep -q 'switching stacks' "$folder/log"; then
    echo "valgrind does not know the stacks"
    exit 1
fi
exit "$status"
