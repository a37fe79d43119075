#!/usr/bin/env bash
# Shows that the simulator finds faults in the program: plants each fault of tests/sim/sabotage/ in a copy of the
# tree, builds the simulator there, and prints the first seed that fails.
#
#   tests/sim/sabotage.sh                  every fault
#   tests/sim/sabotage.sh lock any-2xx     those with one of these words in their name
#   SEEDS=20000 tests/sim/sabotage.sh      more seeds than 5000
#
# A fault that takes more seeds than that, or after which no state claims what Channel has not, names a test of the
# library in its first lines (`Test: state::tests::...`). Then that test has to fail.
#
# Exits with 1 where a fault is not found, does not build or does not fit the sources any more. A build takes about
# half a minute for each fault.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/planted.sh
. tests/planted.sh
seeds=${SEEDS:-5000}

find_fault() {
    local log="$copy/log" test
    test=$(sed -n 's/^Test: //p; /^---/q' "$patch")
    if [ -n "$test" ]; then
        find_by_test "$test"
        return 0
    fi
    builds sim || return 0
    if (cd "$copy" && cargo test --locked --test sim -- --seeds "$seeds") >"$log" 2>&1; then
        echo "NOT FOUND in $seeds seeds"
    else
        grep -m1 '^seed .* fails' "$log" | sed 's/^/found by /' | cut -c1-150 || tail -n 1 "$log"
    fi
}

find_by_test() {
    local log="$copy/log"
    if ! cargo test --locked --lib --no-run --manifest-path "$copy/Cargo.toml" >"$log" 2>&1; then
        echo "DOES NOT BUILD"
        tail -n 20 "$log" >&2
    elif (cd "$copy" && cargo test --locked --lib -- --exact "$1") >"$log" 2>&1; then
        echo "NOT FOUND by $1"
    else
        echo "found by $1"
    fi
}

plant_faults tests/sim/sabotage "$@"
