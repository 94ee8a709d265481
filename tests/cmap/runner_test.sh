#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# usage: tests/cmap/runner_test.sh RUNNER
#
# Holds that the runner notices what is wrong: with a pool's behaviour (exit code 1) and with a case (2), and says what.
set -euo pipefail
runner=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
    echo "$1"
    exit 1
}

# expect CODE TEXT FILE...: what the runner answers.
expect() {
    local code=$1 text=$2 got=0 said
    shift 2
    said=$("$runner" "$@" 2>&1) || got=$?
    if ((got != code)); then fail "exit code $got instead of $code for: $* ($said)"; fi
    if [[ $said != *"$text"* ]]; then fail "'$text' is not in what was said about $*: $said"; fi
}

# a_case OPERATIONS EVENTS [MORE]: the JSON of one.
a_case() {
    echo "{\"version\": 1, \"style\": \"unit\", \"description\": \"some case\", \"operations\": [$1], \"events\": [$2]${3:+, $3}}"
}

ready='{"name": "ready"}'
out='{"name": "checkOut"}'
a_case "$ready" '{"type": "ConnectionPoolCreated", "address": 42}' >good.json
expect 0 "passed good.json: some case" good.json

# What a pool does otherwise than expected.
a_case "$ready" '{"type": "ConnectionPoolReady"}' >other_event.json
expect 1 'events[0].type: expected "ConnectionPoolReady", was "ConnectionPoolCreated"' other_event.json
a_case "$ready" '{"type": "ConnectionPoolCreated"}, {"type": "ConnectionPoolReady"}, {"type": "ConnectionPoolClosed"}' >missing_event.json
expect 1 'events[2]: expected {"type":"ConnectionPoolClosed"}, was not there' missing_event.json
a_case "$ready" '{"type": "ConnectionPoolCreated", "connectionId": 42}' >missing_member.json
expect 1 'events[0].connectionId: expected 42, was not there' missing_member.json
a_case "$out" '' >error.json
expect 1 "an error that is not expected" error.json
a_case "$ready" '' '"error": {"type": "PoolClosedError"}' >no_error.json
expect 1 'error: expected {"type":"PoolClosedError"}, was not there' no_error.json
a_case "$out" '' '"error": {"type": "PoolClosedError"}' >other_error.json
expect 1 'error.type: expected "PoolClosedError", was "PoolClearedError"' other_error.json
a_case '{"name": "waitForEvent", "event": "ConnectionReady", "count": 1, "timeout": 50}' '' >no_event.json
expect 1 "1 x ConnectionReady was not seen within 50 ms" no_event.json
a_case '{"name": "start", "target": "t"}, {"name": "checkOut", "thread": "t"}, {"name": "waitForThread", "target": "t"}' '' >thread.json
expect 1 "PoolClearedError" thread.json

# What is no case.
expect 2 "usage:"
expect 2 "nowhere.json: the file cannot be read" nowhere.json
echo '{' >no_json.json
expect 2 "no_json.json: this is no JSON" no_json.json
echo '[]' >no_object.json
expect 2 "a case is an object" no_object.json
echo '{"version": 2}' >version.json
expect 2 "'version' must be 1" version.json
a_case '{"name": "fly"}' '' >operation.json
expect 2 "operation 1: 'fly' is not known" operation.json
a_case "$ready, {\"name\": \"wait\"}" '' >argument.json
expect 2 "operation 2: 'ms' is missing" argument.json
a_case '{"name": "wait", "ms": "long"}' '' >argument_kind.json
expect 2 "'ms' must be a number" argument_kind.json
a_case '{"name": "checkIn", "connection": "c"}' '' >label.json
expect 2 "no connection 'c' is checked out" label.json
a_case '{"name": "ready", "thread": "t"}' '' >no_thread.json
expect 2 "no thread 't' was started" no_thread.json
a_case '{"name": "waitForEvent", "event": "Rain", "count": 1}' '' >event_name.json
expect 2 "there is no event 'Rain'" event_name.json
a_case "$ready" '' '"poolOptions": {"size": 3}' >option.json
expect 2 "the pool option 'size' is not known" option.json
a_case "$ready" '' '"poolOptions": {"maxPoolSize": 1, "minPoolSize": 2}' >range.json
expect 2 "min_size must be 0 to 1, not 2" range.json
a_case "$ready" '' '"failPoint": {"configureFailPoint": "failCommand"}' >fail_point.json
expect 2 "'mode' is missing" fail_point.json

# One bad file does not hide the others, and the worst decides.
expect 1 "passed good.json" other_event.json good.json
expect 2 "passed good.json" no_json.json other_event.json good.json
