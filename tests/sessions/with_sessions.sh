#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# usage: with_sessions.sh MONGO-INTEGRATION-TESTS
#
# Runs them on the server of CODA_TEST_MONGO_SESSIONS_URI (see scripts/stores/mongo), on which libmongoc opens sessions:
# those that need a server, but for what is slow there and for what this server does otherwise than MongoDB.
set -euo pipefail

if [[ -z ${CODA_TEST_MONGO_SESSIONS_URI:-} ]]; then
    echo "NOT TESTED: no MongoDB server with sessions"
    exit 77
fi
export CODA_TEST_MONGO_URI=$CODA_TEST_MONGO_SESSIONS_URI
unset CODA_TEST_MONGO_TLS_URI

wanted='collections.*:mongo_cancelling.*:mongo_connecting.*:mongo_everywhere.*:mongo_faults.*'
# nx-27017 gives more of a cursor that was killed, sorts no batch but the first, finds no document as an id, has its own
# words for a duplicate key, and upserts by an operator that does not exist.
otherwise='*.a_stream_leaves_no_cursor_on_the_server*:*.give_documents_in_batches*:*.find_by_ids_of_any_type*'
otherwise+=':*.refuse_a_second_document_of_an_id*:*.run_commands_and_tell_what_the_server_refuses*'
slow='*.store_more_than_a_message_holds*'

exec "$1" --gtest_brief=1 --gtest_filter="$wanted-$otherwise:$slow"
