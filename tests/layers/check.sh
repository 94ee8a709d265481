#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# usage: tests/layers/check.sh [ROOT]
#
# Holds the direction of the includes: drivers -> pool, retry -> runtime. Names each #include that points upward or
# sideways between modules, or into another module's src/, and fails if there is one.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

mapfile -t drivers < <(find drivers -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null | sort)

# The modules whose headers a module may include.
allowed_for() {
    case $1 in
    runtime) echo runtime ;;
    pool | retry) echo "$1 runtime" ;;
    drivers/*) echo "${1#drivers/} pool retry runtime" ;;
    *) echo "${drivers[*]} pool retry runtime coda" ;; # tests, benchmarks, examples
    esac
}

# The module that a file belongs to: drivers/postgres/src/x.cpp -> drivers/postgres.
module_of() {
    local parts
    IFS=/ read -ra parts <<<"$1"
    if [[ ${parts[0]} == drivers ]]; then echo "drivers/${parts[1]}"; else echo "${parts[0]}"; fi
}

# Why a file may not include something; nothing if it may.
objection() {
    local file=$1 included=$2 module target
    module=$(module_of "$file")
    case $included in
    \<coda/*)
        target=${included#<coda/}
        target=${target%%[/.]*}
        if [[ " $(allowed_for "$module") " != *" $target "* ]]; then echo "$module may not use $target"; fi
        ;;
    \"coda/*) echo "public headers are included with angle brackets" ;;
    \"*)
        if [[ $file == */include/* ]]; then
            echo "a public header may include only public headers"
        elif [[ $included == */src/* || $included == *../* ]]; then
            echo "a path out of the own folder"
        fi
        ;;
    esac
}

sources() {
    find runtime pool retry drivers tests bench examples -type f \( -name '*.hpp' -o -name '*.cpp' \) 2>/dev/null
}

status=0
mapfile -t files < <(sources)
if ((${#files[@]} == 0)); then
    echo "no sources under $PWD"
    exit 2
fi
while IFS=: read -r file line text; do
    [[ $text =~ [\<\"][^\>\"]* ]]
    reason=$(objection "$file" "${BASH_REMATCH[0]}")
    if [[ -n $reason ]]; then
        echo "$file:$line: ${text# }: $reason"
        status=1
    fi
done < <(grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*(<coda/|")' "${files[@]}")
exit "$status"
