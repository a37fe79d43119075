#!/bin/sh
# Commits the state file that an apply left behind to a branch of the remote, and nothing else.
#
#   commit-state.sh [STATE_FILE] [BRANCH]
#
# STATE_FILE is talkform.state.json unless given; BRANCH is $TALKFORM_STATE_BRANCH or talkform-state,
# a branch that holds nothing but states: a protected main takes no push. The first run creates it.
# Exits with 0 when the remote has the state (or nothing changed), with 1 when it does not: then the
# state is kept beside the file and on a side branch, and a message says what to do.
# Works in shallow clones and with a detached HEAD. Never forces, never rebases, never merges.
#
#   TALKFORM_STATE_REMOTE  name or address of the remote (origin)
#   TALKFORM_STATE_BASE    the commit whose state file the apply started from (the one that
#                          fetch-state.sh read, else HEAD)
#   TALKFORM_GIT_TOKEN     token for the remote; it is sent as a header and appears in no address, no
#                          argument and no environment of a child other than git's own
#   TALKFORM_GIT_USER      user name that goes with the token (x-access-token)
#   TALKFORM_STATE_TRIES   how often to push (6: once, and five times more)
#   TALKFORM_STATE_PAUSE   seconds between two tries (2)
set -eu

fail() {
    printf 'talkform state: %s\n' "$@" >&2
    exit 1
}

# An address may hold a token, and git repeats addresses in its errors.
without_credentials() {
    sed 's#://[^/[:space:]]*@#://#g' "$1" >&2
}

if [ $# -gt 2 ]; then
    echo 'usage: commit-state.sh [STATE_FILE] [BRANCH]' >&2
    exit 64
fi
state=${1:-talkform.state.json}
branch=${2:-${TALKFORM_STATE_BRANCH:-talkform-state}}
remote=${TALKFORM_STATE_REMOTE:-origin}
tries=${TALKFORM_STATE_TRIES:-6}
pause=${TALKFORM_STATE_PAUSE:-2}
# A question for a password would hang until the job's time is up.
export GIT_TERMINAL_PROMPT=0
# From here on the token is a variable of this shell, which no child process inherits.
token=${TALKFORM_GIT_TOKEN:-}
unset TALKFORM_GIT_TOKEN

# Runs git with the token in a header of this one command.
remote_git() (
    if [ -n "$token" ]; then
        address=$(git remote get-url -- "$remote" 2>/dev/null || printf '%s' "$remote")
        login=$(printf '%s:%s' "${TALKFORM_GIT_USER:-x-access-token}" "$token" | base64 | tr -d '\n')
        # The empty first value drops a header that the checkout may have configured.
        export GIT_CONFIG_COUNT=2 \
            GIT_CONFIG_KEY_0="http.$address.extraHeader" GIT_CONFIG_VALUE_0='' \
            GIT_CONFIG_KEY_1="http.$address.extraHeader" GIT_CONFIG_VALUE_1="Authorization: Basic $login"
    fi
    git "$@"
)

name=$(basename -- "$state")
cd -- "$(dirname -- "$state")"
path=$(git rev-parse --show-prefix)$name

git check-ref-format "refs/heads/$branch" || fail "'$branch' is not a branch name"

read_from=refs/talkform/base/$branch
# Set where the apply started from no branch: then the remote may have none yet.
first=
base=${TALKFORM_STATE_BASE:-}
if [ -z "$base" ]; then
    base=$read_from
    if ! git rev-parse -q --verify "$base" >/dev/null; then
        base=HEAD
        first=yes
    fi
fi
base=$(git rev-parse -q --verify "$base^{commit}" || true)
before=$(git rev-parse -q --verify "$base:$path" || true)
if [ ! -f "$name" ]; then
    [ -z "$before" ] && exit 0
    fail "$path is gone from this folder; the remote's is left as it is"
fi
ours=$(git hash-object -w -- "$name")
[ "$ours" = "$before" ] && exit 0

checked_out=$(git symbolic-ref -q --short HEAD || true)

# The first line of a state is its header.
header() {
    git cat-file blob "$1" | sed -n "1s/.*\"$2\":\"\\{0,1\\}\\([0-9A-Za-z_-]*\\).*/\\1/p"
}
serial=$(header "$ours" serial)
lineage=$(header "$ours" lineage)
[ -n "$serial" ] && [ -n "$lineage" ] || fail "$path does not read as a state; it was not committed"

tmp=$(mktemp -d)
seen=refs/talkform/seen-$$
trap 'rm -rf "$tmp"; git update-ref -d "$seen"' EXIT
trap 'exit 1' HUP INT TERM
: >"$tmp/said"

# Prints a commit that is $1 (nothing: a first commit) with our state. Neither the index nor the files
# of the checkout take part, so whatever else lies there stays out of it.
commit_on() (
    export GIT_INDEX_FILE="$tmp/index"
    git read-tree "${1:---empty}" &&
        git update-index --add --cacheinfo "100644,$ours,$path" &&
        tree=$(git write-tree --missing-ok) &&
        git -c user.name=talkform -c user.email=talkform@localhost \
            commit-tree "$tree" ${1:+-p "$1"} -m 'talkform: state [skip ci]'
)

# Sets `head` to where the remote's branch is; to nothing where there is no such branch.
look() {
    # Without --refmap this would move origin/BRANCH too, which may be what TALKFORM_STATE_BASE names.
    if remote_git fetch -q --no-tags --refmap= "$remote" "+refs/heads/$branch:$seen" 2>"$tmp/said"; then
        head=$(git rev-parse "$seen")
        return 0
    fi
    head=
    found=0
    remote_git ls-remote --exit-code "$remote" "refs/heads/$branch" >/dev/null 2>&1 || found=$?
    [ "$found" -eq 2 ]
}

# Keeps our state where nobody overwrites it, says so, and gives up.
keep() {
    copy=$name.unpushed
    if [ -e "$copy" ] && ! cmp -s "$name" "$copy"; then
        copy=$copy.$(git rev-parse --short "$ours")
    fi
    cp -- "$name" "$copy"
    printf 'talkform state: %s\n' "$@" "this run's state is kept in $copy" >&2
    side=$(commit_on "$base")
    side_branch=refs/heads/talkform-state-$(git rev-parse --short "$ours")
    # The folder of a CI job is gone after the job; a branch is not. It may be there from a first call.
    if remote_git push -q "$remote" "$side:$side_branch" 2>/dev/null ||
        remote_git ls-remote --exit-code "$remote" "$side_branch" >/dev/null 2>&1; then
        echo "talkform state: and on the branch ${side_branch#refs/heads/}" >&2
    fi
    exit 1
}

try=1
while :; do
    if look; then
        theirs=
        [ -z "$head" ] || theirs=$(git rev-parse -q --verify "$head:$path" || true)
        [ "$theirs" = "$ours" ] && break
        # A first run takes the state that lay beside the manifests along to its new branch.
        [ -n "$head$theirs" ] || [ -z "$first" ] || theirs=$before
        if [ "$theirs" != "$before" ]; then
            if [ -z "$theirs" ]; then
                keep "$branch on the remote has no $path, but this run started from one; nothing was overwritten" \
                    'look who removed it; to go on from this run, commit its copy by hand'
            fi
            their_serial=$(header "$theirs" serial)
            if [ "$(header "$theirs" lineage)" != "$lineage" ]; then
                keep "$branch on the remote has another state altogether (another lineage); nothing was overwritten" \
                    'two first applies ran, or a state was replaced: keep the one whose serial is higher, the other costs no data'
            fi
            keep "$path changed on $branch meanwhile (serial $their_serial there, $serial here); nothing was overwritten" \
                'another apply ran at the same time: let only one run at once' \
                "then run apply again on $branch: it sends this run's users once more"
        fi
        commit=$(commit_on "$head")
        if remote_git push -q "$remote" "$commit:refs/heads/$branch" 2>"$tmp/said"; then
            head=$commit
            break
        fi
    fi
    if [ "$try" -ge "$tries" ]; then
        without_credentials "$tmp/said"
        keep "the state did not get to $branch in $try tries; git's last words are above" \
            'until it does, the next apply sends the same users again'
    fi
    try=$((try + 1))
    sleep "$pause"
done

git update-ref "$read_from" "$head"

# A second apply in this folder starts from what was pushed. Where that does not go (local commits,
# edited files), the pushed state is safe all the same.
if [ -z "$checked_out" ] || [ "$checked_out" = "$branch" ]; then
    git update-index --add -- "$name" 2>/dev/null &&
        git merge -q --ff-only "$head" >/dev/null 2>&1 || true
fi
