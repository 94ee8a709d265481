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

# Any error will do; null is as good as missing; older words; what is for readers only.
a_case "$out" '' '"error": 42' >any_error.json
expect 0 passed any_error.json
a_case "$out" '' '"error": "42"' >any_error_text.json
expect 0 passed any_error_text.json
a_case "$ready" '' '"error": 42' >no_error_at_all.json
expect 1 "error: expected 42, was not there" no_error_at_all.json
a_case "$ready" '' '"error": null, "poolOptions": null, "failPoint": null, "runOn": null, "ignore": null' >null.json
expect 0 passed null.json
a_case "$out" '' '"error": null' >null_error.json
expect 1 "an error that is not expected" null_error.json
a_case "$ready, {\"name\": \"clear\", \"closeInUseConnections\": true}" \
    '{"type": "ConnectionPoolCleared", "closeInUseConnections": true}' '"ignore": ["ConnectionPoolCreated", "ConnectionPoolReady"]' >old_word.json
expect 0 passed old_word.json
a_case "$out" '{"type": "ConnectionCheckOutFailed", "connectionId": 1}' \
    '"error": 42, "ignore": ["ConnectionPoolCreated", "ConnectionCheckOutStarted"]' >old_member.json
expect 0 passed old_member.json
a_case '{"name": "ready", "comment": "go"}' '{"type": "ConnectionPoolCreated", "comment": "now", "$note": 1}' \
    '"comment": "why", "$schema": "here", "runOn": [{"minServerVersion": "4.9.0", "auth": true}]' >comments.json
expect 0 passed comments.json
a_case "$ready" '{"type": "ConnectionPoolCreated", "options": {"appName": "mine", "maxPoolSize": 3, "connectTimeoutMS": 7}}' \
    '"poolOptions": {"appName": "mine", "maxPoolSize": 3, "connectTimeoutMS": 7, "backgroundThreadIntervalMS": -9223372036854775808}' >options.json
expect 0 passed options.json

# What never ends, or not within the bounds, has failed; a signal ends it at once.
a_case '{"name": "waitForEvent", "event": "ConnectionReady"}' '' >never.json
expect 1 "given up: 1 x ConnectionReady was not seen" never.json
a_case '{"name": "start", "target": "t"}, {"name": "waitForThread", "target": "t", "thread": "t"}, {"name": "waitForThread", "target": "t"}' '' >itself.json
expect 1 "given up: the thread 't' does not end" itself.json
a_case "$ready, {\"name\": \"wait\", \"ms\": 86400000}" '' \
    '"poolOptions": {"backgroundThreadIntervalMS": 1, "minPoolSize": 1, "maxIdleTimeMS": 1}' >churn.json
expect 1 "given up: more than 100000 events" churn.json
a_day='{"name": "wait", "ms": 86400000}'
a_case "$a_day$(printf ",$a_day%.0s" {1..400})" '' '"poolOptions": {"backgroundThreadIntervalMS": -1}' >year.json
expect 1 "given up: a year of the case's time and no end" year.json
a_case "$ready, {\"name\": \"checkOut\", \"label\": \"c\"}, {\"name\": \"checkIn\", \"connection\": \"c\"}, $a_day" '' \
    '"poolOptions": {"backgroundThreadIntervalMS": 1}' >turns.json
expect 1 "given up: 2000000 turns of the loop and no end" --seconds 600 turns.json
expect 1 "given up: it took more than 0 s" --seconds 0 turns.json
mapfile -t many < <(yes turns.json | head -n 100)
"$runner" "${many[@]}" >lines &
running=$!
# Until it has a handler for SIGTERM: its own, or that of the loop, which is there while a case is played.
until ((0x$(awk '/^SigCgt/ { print $2 }' "/proc/$running/status") & 1 << (15 - 1))); do :; done
kill -TERM "$running"
code=0
wait "$running" || code=$?
if ((code != 128 + 15)); then fail "SIGTERM made it end with $code"; fi

# What is no case, or cannot be played, is refused with what is wrong with it.
expect 2 "usage:"
expect 2 "usage:" --seconds good.json
expect 2 "usage:" --seconds -1 good.json
expect 2 "nowhere.json: the file cannot be read" nowhere.json
expect 2 "ERROR  .: this is a directory" .
: >empty.json
expect 2 "empty.json: the file is empty" empty.json
expect 2 "a case is not longer than 16 MiB" /dev/zero
printf '{\n"version": 1,\n' >no_json.json
expect 2 "no_json.json: this is no JSON: incomplete JSON in line 3" no_json.json
printf '{\n"version": one}' >bad_json.json
expect 2 "bad_json.json: this is no JSON: syntax error in line 2" bad_json.json
echo '[]' >no_object.json
expect 2 "a case must be an object" no_object.json
echo '{"schemaVersion": "1.3", "tests": []}' >unified.json
expect 2 "unified test format" unified.json
echo '{"version": 1, "style": "unit", "description": "some case"}' >no_operations.json
expect 2 "'operations' is missing" no_operations.json

# refused TEXT OPERATIONS EVENTS [MORE]: one such case.
refused() {
    local text=$1
    shift
    a_case "$@" >refused.json
    expect 2 "refused.json: $text" refused.json
}

sed 's/"version": 1/"version": 2/' good.json >version.json
expect 2 "version.json: 'version' must be a whole number from 1 to 1, not 2" version.json
sed 's/"unit"/"prose"/' good.json >style.json
expect 2 "style.json: 'style' must be unit or integration" style.json
refused "the member 'event' is not known" "$ready" '' '"event": []'
refused "runOn: the member 'poolBackoff' is not known" "$ready" '' '"runOn": [{"poolBackoff": true}]'
refused "'runOn' must be an array, not {}" "$ready" '' '"runOn": {}'

refused "operation 1: 'fly' is not known" '{"name": "fly"}' ''
refused "operation 2: it must be an object" "$ready, 3" ''
refused "operation 1: 'name' is missing" '{}' ''
refused "operation 2: 'ms' is missing" "$ready, {\"name\": \"wait\"}" ''
refused "operation 1: 'ms' must be a whole number from 0 to 86400000, not \"long\"" '{"name": "wait", "ms": "long"}' ''
refused "operation 1: 'event' is missing" '{"name": "waitForEvent", "count": 1}' ''
refused "operation 1: there is no event 'Rain'" '{"name": "waitForEvent", "event": "Rain", "count": 1}' ''
refused "operation 1: the member 'label' is not known" '{"name": "ready", "label": "c"}' ''
refused "operation 1: 'thread' must be a string, not 1" '{"name": "ready", "thread": 1}' ''
refused "operation 1: 'interruptInUseConnections' must be true or false, not \"yes\"" '{"name": "clear", "interruptInUseConnections": "yes"}' ''
refused "operation 1: no connection 'c' is checked out" '{"name": "checkIn", "connection": "c"}' ''
refused "operation 1: no thread 't' was started" '{"name": "ready", "thread": "t"}' ''
refused "operation 2: no thread 'u' was started" "$ready, {\"name\": \"waitForThread\", \"target\": \"u\"}" ''
started='{"name": "start", "target": "t"}'
refused "operation 2: a second thread 't'" "$started, $started" ''
refused "operation 2: no connection 'c' is checked out" "$started, {\"name\": \"checkIn\", \"connection\": \"c\", \"thread\": \"t\"}, {\"name\": \"wait\", \"ms\": 1}" ''
refused "operation 3: the thread 't' has ended" "$started, {\"name\": \"waitForThread\", \"target\": \"t\"}, {\"name\": \"ready\", \"thread\": \"t\"}" ''
refused "operation 1: failPoint: 'mode' is missing" '{"name": "failPoint", "failPoint": {"configureFailPoint": "failCommand"}}' ''

refused "poolOptions: the member 'size' is not known" "$ready" '' '"poolOptions": {"size": 3}'
refused "poolOptions: 'minPoolSize' must be a whole number from 0 to 1, not 2" "$ready" '' '"poolOptions": {"maxPoolSize": 1, "minPoolSize": 2}'
refused "poolOptions: 'maxConnecting' must be a whole number from 1 to 1000, not 0" "$ready" '' '"poolOptions": {"maxConnecting": 0}'
refused "poolOptions: 'backgroundThreadIntervalMS' must not be 0" "$ready" '' '"poolOptions": {"backgroundThreadIntervalMS": 0}'
refused "poolOptions: 'appName' must be a string, not 5" "$ready" '' '"poolOptions": {"appName": 5}'

refused "failPoint: 'mode' is missing" "$ready" '' '"failPoint": {"configureFailPoint": "failCommand"}'
refused "failPoint: 'mode' must be alwaysOn, off or a number of times" "$ready" '' '"failPoint": {"configureFailPoint": "failCommand", "mode": "often"}'
refused "failPoint: the member 'skip' is not known" "$ready" '' '"failPoint": {"configureFailPoint": "failCommand", "mode": {"skip": 1}}'
refused "failPoint: the only fail point that is known" "$ready" '' '"failPoint": {"configureFailPoint": "hang", "mode": "off"}'
fail_point() { echo "\"failPoint\": {\"configureFailPoint\": \"failCommand\", \"mode\": \"alwaysOn\", \"data\": {$1}}"; }
refused "failPoint: the member 'delay' is not known" "$ready" '' "$(fail_point '"delay": 1')"
refused "failPoint: what 'failCommands' holds must be a string" "$ready" '' "$(fail_point '"failCommands": [1]')"
refused "failPoint: 'blockTimeMS' is missing" "$ready" '' "$(fail_point '"blockConnection": true')"

refused "error: it must be an object, 42 or null" "$ready" '' '"error": 43'
refused "error: 'type': there is no 'Thirst'" "$ready" '' '"error": {"type": "Thirst"}'
refused "error: the member 'reason' is not known" "$ready" '' '"error": {"reason": "x"}'
refused "event 1: 'type': there is no 'Rain'" "$ready" '{"type": "Rain"}'
refused "event 2: the member 'serviceId' is not known" "$ready" '{"type": "ConnectionPoolCreated"}, {"type": "ConnectionPoolReady", "serviceId": 42}'
refused "event 1: 'reason': there is no 'force'" "$ready" '{"type": "ConnectionClosed", "reason": "force"}'
refused "event 1: it must be an object" "$ready" '"ConnectionClosed"'
refused "ignore 2: there is no event 'Rain'" "$ready" '' '"ignore": ["ConnectionReady", "Rain"]'

# No number is too large, too small or too odd to be noticed.
for number in 9223372036854775807 9223372036854775808 18446744073709551616 -9223372036854775809 1e300 1.5; do
    for option in maxPoolSize minPoolSize maxIdleTimeMS waitQueueTimeoutMS maxConnecting connectTimeoutMS socketTimeoutMS backgroundThreadIntervalMS; do
        refused "poolOptions: '$option' must be" "$ready" '' "\"poolOptions\": {\"$option\": $number}"
    done
    refused "operation 1: 'ms' must be" "{\"name\": \"wait\", \"ms\": $number}" ''
    refused "operation 1: 'count' must be" "{\"name\": \"waitForEvent\", \"event\": \"ConnectionReady\", \"count\": $number}" ''
    refused "operation 1: 'timeout' must be" "{\"name\": \"waitForEvent\", \"event\": \"ConnectionReady\", \"timeout\": $number}" ''
    refused "failPoint: 'blockTimeMS' must be" "$ready" '' "$(fail_point "\"blockTimeMS\": $number")"
    refused "failPoint: 'errorCode' must be" "$ready" '' "$(fail_point "\"errorCode\": $number")"
    refused "failPoint: 'times' must be" "$ready" '' "\"failPoint\": {\"configureFailPoint\": \"failCommand\", \"mode\": {\"times\": $number}}"
done
for option in maxPoolSize minPoolSize maxIdleTimeMS waitQueueTimeoutMS maxConnecting connectTimeoutMS socketTimeoutMS; do
    refused "poolOptions: '$option' must be" "$ready" '' "\"poolOptions\": {\"$option\": -1}"
done

# One bad file does not hide the others, and the worst decides.
expect 1 "passed good.json" other_event.json good.json
expect 2 "passed good.json" no_json.json . other_event.json nowhere.json good.json
