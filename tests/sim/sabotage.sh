#!/usr/bin/env bash
# Shows that the simulator finds faults in the program: plants each fault of tests/sim/sabotage/ in a copy of the
# tree, builds the simulator there, and prints the first seed that fails.
#
#   tests/sim/sabotage.sh                  every fault
#   tests/sim/sabotage.sh lock any-2xx     those with one of these words in their name
#   SEEDS=20000 tests/sim/sabotage.sh      more seeds than 5000
#
# Exits with 1 where a fault is not found, does not build or does not fit the sources any more. A build takes about
# half a minute for each fault.
set -euo pipefail
cd "$(dirname "$0")/../.."
seeds=${SEEDS:-5000}
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}" CARGO_TERM_COLOR=never
copy="$CARGO_TARGET_DIR/sabotaged"
# The copy is in a repository, which is none of its business.
export GIT_CEILING_DIRECTORIES="$CARGO_TARGET_DIR"
trap 'rm -rf "$copy"' EXIT
rm -rf "$copy" && mkdir -p "$copy"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"

is_wanted() {
    local name=$1 word
    shift
    [ $# -eq 0 ] && return
    for word in "$@"; do
        [[ $name == *"$word"* ]] && return
    done
    return 1
}

# Builds and runs the simulator of the copy. Prints where the fault is found.
find_fault() {
    local log="$copy/log"
    if ! cargo test --locked --test sim --no-run --manifest-path "$copy/Cargo.toml" >"$log" 2>&1; then
        echo "DOES NOT BUILD"
        tail -n 20 "$log" >&2
    elif (cd "$copy" && cargo test --locked --test sim -- --seeds "$seeds") >"$log" 2>&1; then
        echo "NOT FOUND in $seeds seeds"
    else
        grep -m1 '^seed .* fails' "$log" | cut -c1-150 || tail -n 1 "$log"
    fi
}

is_all_found=yes
for patch in tests/sim/sabotage/*/*.patch; do
    name=$(basename "$patch" .patch)
    is_wanted "$name" "$@" || continue
    if git -C "$copy" apply - <"$patch" 2>/dev/null; then
        found=$(find_fault)
        git -C "$copy" apply -R - <"$patch"
    else
        found="DOES NOT FIT the sources"
    fi
    printf '%-36s %s\n' "$name" "$found"
    [[ $found == seed* ]] || is_all_found=no
done
[ "$is_all_found" = yes ]
