#!/usr/bin/env bash
# Shows that the search for canaries finds leaks: plants each fault of tests/it/canary/planted/ in a copy of the
# tree, where one mask is missing, and prints the first test that fails.
#
#   tests/it/canary/planted.sh                  every fault
#   tests/it/canary/planted.sh ids reason       those with one of these words in their name
#
# Exits with 1 where a fault is not found, does not build or does not fit the sources any more. A build takes about
# half a minute for each fault.
set -euo pipefail
cd "$(dirname "$0")/../../.."
# shellcheck source=tests/planted.sh
. tests/planted.sh

find_fault() {
    local log="$copy/log"
    builds it || return 0
    if (cd "$copy" && CANARY_CASES="${CANARY_CASES:-2}" cargo test --locked --test it -- \
        canary::readings canary::outputs) >"$log" 2>&1; then
        echo "NOT FOUND"
    else
        grep -m1 -o '^test canary::.* FAILED' "$log" | sed 's/^test canary::/found by /; s/ \.\.\. FAILED//' \
            || tail -n 1 "$log"
    fi
}

plant_faults tests/it/canary/planted "$@"
