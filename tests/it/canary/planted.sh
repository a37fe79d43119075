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
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}" CARGO_TERM_COLOR=never
copy="$CARGO_TARGET_DIR/planted"
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

# Builds the tests of the copy and searches. Prints the first test that fails.
find_fault() {
    local log="$copy/log"
    if ! cargo test --locked --test it --no-run --manifest-path "$copy/Cargo.toml" >"$log" 2>&1; then
        echo "DOES NOT BUILD"
        tail -n 20 "$log" >&2
    elif (cd "$copy" && CANARY_CASES="${CANARY_CASES:-2}" cargo test --locked --test it -- \
        canary::readings canary::outputs) >"$log" 2>&1; then
        echo "NOT FOUND"
    else
        grep -m1 -o '^test canary::.* FAILED' "$log" | sed 's/^test canary::/found by /; s/ \.\.\. FAILED//' \
            || tail -n 1 "$log"
    fi
}

is_all_found=yes
for patch in tests/it/canary/planted/*.patch; do
    name=$(basename "$patch" .patch)
    is_wanted "$name" "$@" || continue
    if git -C "$copy" apply - <"$patch" 2>/dev/null; then
        found=$(find_fault)
        git -C "$copy" apply -R - <"$patch"
    else
        found="DOES NOT FIT the sources"
    fi
    printf '%-30s %s\n' "$name" "$found"
    [[ $found == found* ]] || is_all_found=no
done
[ "$is_all_found" = yes ]
