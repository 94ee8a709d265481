#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# usage: tests/docs/check.sh [ROOT]
#
# The C++ in README.md and docs/ is code that is compiled and run: every paragraph of it stands, word for word, in one of
# the examples. And every relative link of theirs leads to a file; one to a source of tests is called as a test in it.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

examples=$(cat examples/*.cpp && find examples/custom_driver -name '*.[ch]pp' -exec cat {} +)
status=0

complain() {
    echo "$*"
    status=1
}

check_code() {
    local file=$1 line paragraph='' inside=no
    while IFS= read -r line; do
        case $line in
        '```cpp') inside=yes && continue ;;
        '```'*) inside=no ;;
        esac
        if [[ $inside == yes && -n $line ]]; then
            paragraph+=${paragraph:+$'\n'}$line
        elif [[ -n $paragraph ]]; then
            [[ $examples == *"$paragraph"* ]] || complain "$file: not in any example:"$'\n'"$paragraph"
            paragraph=
        fi
    done <"$file"
}

check_links() {
    local file=$1 target
    while IFS= read -r target; do
        [[ -e $(dirname "$file")/${target%%#*} ]] || complain "$file: no such file: $target"
    done < <(grep -oE '\]\([^):]+\)' "$file" | sed 's/^](//; s/)$//' | grep -v '^#')
}

# [name](../tests/.../x_test.cpp)
check_tests() {
    local file=$1 link name target
    while IFS= read -r link; do
        name=${link%%]*}
        target=${link##*(}
        grep -qE "^(TEST|TEST_P|TEST_F|TYPED_TEST|CODA_CONTRACT_TEST)\([a-z0-9_]+, $name\)" "$(dirname "$file")/$target" ||
            complain "$file: $target has no test called $name"
    done < <(grep -oE '\[[a-z0-9]+_[a-z0-9_]+\]\([^):]*tests/(unit|integration)/[^):]*(_test\.cpp|contract/[a-z]+\.hpp)\)' "$file" | sed 's/^\[//; s/)$//')
}

for file in README.md docs/*.md; do
    check_code "$file"
    check_tests "$file"
    check_links "$file"
done
exit "$status"
