#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# usage: servers_test.sh SOURCE_FOLDER
#
# scripts/servers twice at once, with temporary folders that the servers cannot use: each has its own; killing one
# leaves nothing of it and does not touch the other.
set -euo pipefail

source_folder=$1
scratch=$(mktemp -d)
first='' second=''

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

clean_up() {
    local pid
    for pid in $first $second; do kill -s TERM "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$scratch"
}
trap clean_up EXIT

# until_true SECONDS WHAT COMMAND...
until_true() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < limit)) || fail "$what"
        sleep 0.1
    done
}

# run_servers NAME TMPDIR: until it is killed; $scratch/NAME has the environment of the command. Sets `pid`.
run_servers() {
    # shellcheck disable=SC2016 # for the other shell
    # Its own servers, not those that this test may have been given.
    env --unset=CODA_TEST_STATE TMPDIR="$2" "$source_folder/scripts/servers" run -- \
        bash -c 'env >"$1.new" && mv "$1.new" "$1" && exec sleep 600' command "$scratch/$1" >"$scratch/$1.log" 2>&1 &
    pid=$!
}

up_or_ended() { [[ -e $scratch/$1 ]] || ! kill -0 "$2" 2>/dev/null; }

# value NAME VARIABLE: of the environment of the command.
value() { sed -n "s/^$2=//p" "$scratch/$1"; }

# Processes that a pid file in the folder names and that are of this folder.
processes_of() {
    local file pid
    for file in "$1"/*/*pid "$1"/*/*/*pid; do
        [[ -f $file ]] || continue
        pid=$(head -n 1 "$file")
        if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$1"; then echo "$pid"; fi
    done
}
ended() { ! grep -qF "$2" "/proc/$1/cmdline" 2>/dev/null; }
gone() { [[ ! -e $1 ]]; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

mkdir -m 700 "$scratch/closed"
mkdir -m 777 "$scratch/a 'strange' name"
run_servers one "$scratch/closed"
first=$pid
run_servers two "$scratch/a 'strange' name"
second=$pid
until_true 300 "the first did not start" up_or_ended one "$first"
until_true 300 "the second did not start" up_or_ended two "$second"
[[ -e $scratch/one ]] || fail "the first did not start: $(cat "$scratch/one.log")"
[[ -e $scratch/two ]] || fail "the second did not start: $(cat "$scratch/two.log")"

state_one=$(value one CODA_TEST_STATE)
state_two=$(value two CODA_TEST_STATE)
[[ -d $state_one && -d $state_two && $state_one != "$state_two" ]] || fail "folders: '$state_one' and '$state_two'"

# The file says the same as the command was told.
# shellcheck source=/dev/null
told=$(set -eu && source "$state_one/environment" && echo "$CODA_TEST_STATE $CODA_TEST_POSTGRES_URI")
[[ $told == "$state_one $(value one CODA_TEST_POSTGRES_URI)" ]] || fail "the environment file says '$told'"
port_one=$(value one CODA_TEST_POSTGRES_URI | sed 's/.*:\([0-9]*\).*/\1/')
port_two=$(value two CODA_TEST_POSTGRES_URI | sed 's/.*:\([0-9]*\).*/\1/')
answers "$port_one" || fail "nobody answers at port $port_one"
answers "$port_two" || fail "nobody answers at port $port_two"

mapfile -t servers < <(processes_of "$state_one")
((${#servers[@]} > 0)) || fail "no pid file in $state_one"
kill -s KILL "$first"
wait "$first" 2>/dev/null || true
first=''
until_true 60 "$state_one is left" gone "$state_one"
for server in "${servers[@]}"; do until_true 60 "process $server is left" ended "$server" "$state_one"; done
if answers "$port_one"; then fail "somebody still answers at port $port_one"; fi
[[ -d $state_two ]] || fail "the folder of the other is gone"
answers "$port_two" || fail "the other has gone, too"

kill -s TERM "$second"
status=0
wait "$second" || status=$?
second=''
((status == 143)) || fail "ended by TERM with status $status"
[[ ! -e $state_two ]] || fail "$state_two is left"
echo "passed: ${#servers[@]} servers ended with the one that was killed"
