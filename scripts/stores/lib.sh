# SPDX-License-Identifier: BSL-1.0
# What the scripts of the stores share; sourced by them. They work in the store's own folder.
# shellcheck shell=bash

# Servers refuse to run as root, or should.
account=
if ((EUID == 0)); then
    account=$(id -u postgres 2>/dev/null || id -u nobody)
fi

# Whether servers have to keep what they have acknowledged when they are killed.
durable() { [[ -n ${CODA_SERVERS_DURABLE:-} ]]; }

own_folder() {
    if [[ -n $account ]]; then chown "$account" .; fi
}

unprivileged() {
    if [[ -n $account ]]; then
        setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups -- "$@"
    else
        "$@"
    fi
}

# Where servers' folders are made: $TMPDIR, if their account can use it, its name can stand unquoted in URIs and
# configuration files, and the path of a unix socket in it fits into 107 characters.
temporary() {
    local base=${TMPDIR:-/tmp}
    if ((${#base} > 50)) || [[ $base != /* || $base =~ [^A-Za-z0-9/._-] || ! -d $base || ! -w $base ]] ||
        ! unprivileged test -x "$base"; then
        base=/tmp
    fi
    echo "$base"
}

# launch_server PIDFILE LOG COMMAND...: in a session of its own, so that a Ctrl-C does not reach it. It notes its number
# before it becomes the server: there is no moment in which it runs and cannot be found.
launch_server() {
    local pidfile=$1 log=$2
    shift 2
    rm -f "$pidfile"
    (
        echo "$BASHPID" >"$pidfile.new"
        mv "$pidfile.new" "$pidfile"
        close_files
        if [[ -n $account ]]; then
            set -- setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups -- "$@"
        fi
        exec setsid "$@"
    ) </dev/null >>"$log" 2>&1 &
    until [[ -e $pidfile ]]; do
        kill -0 $! 2>/dev/null || return
        sleep 0.01
    done
}

# A server that kept the pipe of scripts/servers open would keep it from noticing that everyone else is gone.
# 255 is the script itself, which a shell closes for us.
close_files() {
    local file
    for file in "/proc/$BASHPID/fd/"*; do
        file=${file##*/}
        if ((file > 2 && file != 255)); then eval "exec $file>&-"; fi
    done
}

# A number may have been given to another process since: ours has this folder in its command line, which is empty for a
# moment while a process becomes another program, and for good once it has ended.
is_running() {
    local pid command tick
    pid=$(cat "$1" 2>/dev/null) && [[ -n $pid ]] || return
    for tick in {1..100}; do
        command=$({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null) || return
        if [[ -n $command ]]; then break; fi
        if grep -q '^State:.[ZX]' "/proc/$pid/status" 2>/dev/null; then return 1; fi
        sleep 0.01
    done
    [[ $command == *"$PWD"* ]]
}

# end_server PIDFILE SIGNAL...: each signal has five seconds.
end_server() {
    local pidfile=$1 signal
    shift
    for signal in "$@"; do
        is_running "$pidfile" || return 0
        kill -s "$signal" "$(cat "$pidfile")" 2>/dev/null || true
        kill -s CONT "$(cat "$pidfile")" 2>/dev/null || true
        for _ in {1..250}; do
            is_running "$pidfile" || return 0
            sleep 0.02
        done
    done
    ! is_running "$pidfile"
}
