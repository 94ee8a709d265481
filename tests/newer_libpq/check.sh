#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# usage: check.sh POSTGRES-INTEGRATION-TESTS FOLDER
#
# Runs them with the libpq in FOLDER (see scripts/setup), of version 17 or later: those where the driver does otherwise
# with such a one, which is how it sends and how it cancels, and the ones of libpq's own pipeline scenarios.
set -euo pipefail

if [[ ! -e $2/complete ]]; then
    echo "NOT TESTED: no newer libpq"
    exit 77
fi
export LD_LIBRARY_PATH=$2
libraries=$(ldd "$1")
if [[ $libraries != *"libpq.so.5 => $2/"* || $libraries != *"libssl.so.3 => $2/"* ]] || ! grep -q PQsendPipelineSync "$2/libpq.so.5"; then
    echo "the tests would run with another libpq than one of 17 or later in $2"
    exit 1
fi

suites=(a_cork statements_together libpq_pipeline cancel_on_server grouping pipelining a_short_write a_script)
for suite in "${suites[@]}"; do
    wanted=${wanted:+$wanted:}*$suite.*
    [[ $("$1" --gtest_list_tests --gtest_filter="*$suite.*") == *"  "* ]] || { echo "no suite is called $suite"; exit 1; }
done
exec "$1" --gtest_brief=1 --gtest_filter="$wanted:connecting_by_tls.cancels_on_the_server_too/*"
