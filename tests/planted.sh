#!/usr/bin/env bash
# Plants faults in a copy of the tree and prints where each is found. Other scripts source it, in the top folder of the
# tree, and define `find_fault`: it builds and searches in "$copy", and prints a line that begins with "found" if the
# fault is found. The arguments are the folder of the patches and words; a fault is planted if its name has one of
# them. Returns 1 where a fault is not found, does not build or does not fit the sources any more.
plant_faults() {
    local patches=$1 name found is_all_found=yes
    shift
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}" CARGO_TERM_COLOR=never
    copy="$CARGO_TARGET_DIR/planted"
    # The copy is in a repository, which is none of its business.
    export GIT_CEILING_DIRECTORIES="$CARGO_TARGET_DIR"
    trap 'rm -rf "$copy"' EXIT
    rm -rf "$copy" && mkdir -p "$copy"
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
    while IFS= read -r patch; do
        name=$(basename "$patch" .patch)
        is_wanted "$name" "$@" || continue
        if git -C "$copy" apply - <"$patch" 2>/dev/null; then
            found=$(find_fault)
            git -C "$copy" apply -R - <"$patch"
        else
            found="DOES NOT FIT the sources"
        fi
        printf '%-36s %s\n' "$name" "$found"
        [[ $found == found* ]] || is_all_found=no
    done < <(find "$patches" -name '*.patch' | sort)
    [ "$is_all_found" = yes ]
}

is_wanted() {
    local name=$1 word
    shift
    [ $# -eq 0 ] && return
    for word in "$@"; do
        [[ $name == *"$word"* ]] && return
    done
    return 1
}

# Builds one test of the copy. Prints why not, and returns 1, if that fails.
builds() {
    local log="$copy/log"
    cargo test --locked --test "$1" --no-run --manifest-path "$copy/Cargo.toml" >"$log" 2>&1 && return
    echo "DOES NOT BUILD"
    tail -n 20 "$log" >&2
    return 1
}
