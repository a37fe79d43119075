#!/bin/sh
# Reads the state file from its branch of the remote into this folder, for a plan or an apply.
#
#   fetch-state.sh [STATE_FILE] [BRANCH]
#
# STATE_FILE is talkform.state.json unless given; BRANCH is $TALKFORM_STATE_BRANCH or talkform-state.
# commit-state.sh later compares with the commit that was read here. Where the remote has no such
# branch yet, the file in the checkout stays as it is: none before the first apply, or the state that
# was committed beside the manifests until now. Exits with 1 when the remote cannot be read.
#
#   TALKFORM_STATE_REMOTE  name or address of the remote (origin)
#   TALKFORM_GIT_TOKEN     token for the remote, where its address needs one; see commit-state.sh
#   TALKFORM_GIT_USER      user name that goes with the token (x-access-token)
set -eu

if [ $# -gt 2 ]; then
    echo 'usage: fetch-state.sh [STATE_FILE] [BRANCH]' >&2
    exit 64
fi
state=${1:-talkform.state.json}
branch=${2:-${TALKFORM_STATE_BRANCH:-talkform-state}}
remote=${TALKFORM_STATE_REMOTE:-origin}
export GIT_TERMINAL_PROMPT=0
# From here on the token is a variable of this shell, which no child process inherits.
token=${TALKFORM_GIT_TOKEN:-}
unset TALKFORM_GIT_TOKEN

name=$(basename -- "$state")
cd -- "$(dirname -- "$state")"
path=$(git rev-parse --show-prefix)$name
git check-ref-format "refs/heads/$branch" || {
    echo "talkform state: '$branch' is not a branch name" >&2
    exit 1
}

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

read_from=refs/talkform/base/$branch
found=0
remote_git ls-remote --exit-code "$remote" "refs/heads/$branch" >/dev/null || found=$?
if [ "$found" -eq 2 ]; then
    git update-ref -d "$read_from"
    echo "talkform state: the remote has no branch $branch yet" >&2
    exit 0
fi
if [ "$found" -ne 0 ] || ! remote_git fetch -q --no-tags --refmap= "$remote" "+refs/heads/$branch:$read_from"; then
    echo "talkform state: cannot read the branch $branch of the remote; nothing was planned" >&2
    exit 1
fi
if git cat-file -e "$read_from:$path" 2>/dev/null; then
    git cat-file blob "$read_from:$path" >"$name"
else
    # The branch holds the states of other environments only.
    echo "talkform state: the branch $branch has no $path yet" >&2
fi
