# SPDX-License-Identifier: BSL-1.0
# What the scripts share; sourced by them.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

say() { printf '%s\n' "$*" >&2; }

die() {
    say "${0##*/}: $*"
    exit 1
}

# The comment at the top of the calling script is its help.
usage() { sed -n '2,/^\([^#]\|$\)/s/^# \{0,1\}//p' "$0" | sed '/^SPDX-/d'; }

# Wrong arguments: the help, and the status that says so.
bad_usage() {
    say "${0##*/}: $*"
    usage >&2
    exit 2
}

# How many compilers to run at once: as many as there are processors, as long as each has a gigabyte.
jobs() {
    local gigabytes processors
    gigabytes=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
    processors=$(nproc)
    echo $((gigabytes < 1 ? 1 : gigabytes < processors ? gigabytes : processors))
}

# Runs a command that is told to end when this script is killed.
tied() { setpriv --pdeathsig TERM -- "$@"; }

# build PRESET [TARGET...]: in no subshell, which would go on when this script is killed.
build() {
    cmake -S "$root" --preset "$1" && tied ninja -C "$root/build/$1" -j "$(jobs)" "${@:2}"
}
