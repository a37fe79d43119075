#!/usr/bin/env bash
# Records the plan of a run of talkform-plan.yml: its digest as a commit status, its text as a comment.
#
#   github-comment.sh ARTIFACT_FOLDER
#
# Called by the action, with a token that may write. The artifact may come from a stranger's
# run, so its files are data: each has to be a small regular file, the number has to be that of a pull
# request with the repository and commit of the run, the digest has to look like one. A pull request
# that changes the recipes can report any digest, so none is recorded for it.
#
# The status, not the comment, is what ci/github-decide.sh believes: a run of a fork cannot write one.
# A check run would not do. Every job of a fork's workflow makes one, under a name of the fork's choice.
set -euo pipefail

# shellcheck source=SCRIPTDIR/github-api.sh
. "$(dirname "$0")/github-api.sh"

folder=$1
# The plans of several projects or environments have statuses of their own.
context=talkform/plan${NAME:+/$NAME}
run="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$RUN_ID"

# Neither records nor comments: the artifact does not belong to this run.
stop() {
    echo "::warning::nothing is recorded: $1"
    exit 0
}

# A regular file of at most $2 bytes.
is_small_file() {
    [[ -f $folder/$1 && ! -L $folder/$1 ]] && (($(stat -c %s "$folder/$1") <= $2))
}

# Prints the value of a number or a digest in `outcome`, or nothing.
outcome() {
    if is_small_file outcome 4096; then
        grep -aExm 1 "$1=$2" "$folder/outcome" | cut -d= -f2 || true
    fi
}

number=0
if [[ $RUN_EVENT == pull_request ]]; then
    is_small_file number 12 || stop 'the artifact has no number of a pull request'
    number=$(tr -d '\n\0' <"$folder/number")
    [[ $number =~ ^[1-9][0-9]{0,9}$ ]] || stop 'the number of the pull request is not a number'
    pull=$(api "pulls/$number") || stop 'this repository has no pull request of that number'
    files=$(list "pulls/$number/files" | jq -r '.filename, .previous_filename // empty')
    changed=$(jq .changed_files <<<"$pull")
    # After the list of files, so that it is the list of this commit. Another pull request may have the
    # same commit, so the repository has to match too.
    is=$(api "pulls/$number" | jq -r '"\(.head.repo.id) \(.head.sha)"')
    [[ $is == "$HEAD_REPOSITORY_ID $HEAD_SHA" ]] || stop 'the pull request has moved on, or is another one'
else
    [[ $HEAD_REPOSITORY_ID == "$REPOSITORY_ID" ]] || stop 'the run is of another repository'
    files='' changed=0
fi

digest=$(outcome digest 'sha256:[0-9a-f]{64}')
changes=
for kind in create update move forget delete; do
    count=$(outcome "$kind" '[0-9]{1,9}')
    [[ ${count:-0} == 0 ]] || changes+="$count $kind, "
done
changes=${changes%, }
settings=
[[ $(outcome settings-changed '(true|false)') != true ]] || settings='changes settings; '
state=success
warning=
by_hand=()
if [[ -z $digest ]]; then
    state=error description='no plan; the log of the run says why'
elif grep -qE '^(\.github|ci)/' <<<"$files" || ((changed > 3000)); then
    # GitHub lists at most 3,000 files.
    state=error description='changes the recipes: review it, then apply by hand'
    # shellcheck disable=SC2016 # Markdown, not a command
    warning='**This pull request changes `.github/` or `ci/`, or more files than GitHub lists, so the plan below may be made up.** It is not applied on merge; run the workflow "talkform apply" by hand.'
elif [[ $(outcome limits-exceeded '(true|false)') != false ]]; then
    state=failure description="$digest exceeds limits; $settings$changes"
    by_hand=("approve-limits=$digest")
elif [[ $(outcome deletions '[0-9]{1,9}') != 0 ]]; then
    state=failure description="$digest deletes users; $settings$changes"
else
    description="$digest $settings${changes:-no changes}"
fi
if [[ $state == failure ]]; then
    deletions=$(outcome deletions '[0-9]{1,9}')
    [[ ${deletions:-0} == 0 ]] || by_hand+=("allow-deletes=$deletions")
fi
jq -n --arg state "$state" --arg context "$context" --arg url "$run" --arg description "${description::140}" \
    '{state: $state, context: $context, target_url: $url, description: $description}' |
    api "statuses/$HEAD_SHA" --request POST --data-binary @- --output /dev/null
echo "recorded for $HEAD_SHA: $state, $description"

((number > 0)) || exit 0

# The hidden first line, by which the comment is found again. It names the environment, so that each has
# a comment of its own.
marker="<!-- talkform plan${NAME:+ $NAME} -->"
heading=
text=$RUNNER_TEMP/comment.md
# shellcheck disable=SC2016 # Markdown, not a command
printf -v commit 'Commit [`%s`](%s)' "${HEAD_SHA::7}" "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/commit/$HEAD_SHA"
if [[ -n $digest ]]; then
    # A comment takes 65,536 characters; the plan keeps itself below 60,000 bytes.
    is_small_file plan.md 64000 || stop 'the artifact has no plan.md of a size that fits a comment'
    marker=$(head -n 1 "$folder/plan.md" | tr -d '\0')
    [[ $marker =~ ^'<!-- talkform plan'(' '[A-Za-z0-9_.-]{1,64})?' -->'$ ]] || stop 'plan.md does not begin with its marker'
    [[ $(grep -aoi '<!-- *talkform' "$folder/plan.md" | wc -l) == 1 ]] || stop 'plan.md has a second marker'
    # The title comes first only if nothing but names can be in it.
    heading=$(sed -n 2p "$folder/plan.md" | tr -d '\0')
    # shellcheck disable=SC2016 # Markdown, not a command
    name='`[A-Za-z0-9_.-]{1,64}`'
    [[ $heading =~ ^'### talkform plan'(' for '$name)?(': channel '$name)?$ ]] || heading=
fi
{
    printf '%s\n' "$marker"
    [[ -z $heading ]] || printf '%s\n\n' "$heading"
    [[ -z $digest ]] || printf '%s, as reported by [this run](%s).\n\n' "$commit" "$run"
    [[ -z $warning ]] || printf '%s\n\n' "$warning"
    if [[ $state == failure ]]; then
        printf '**The merge does not apply this plan.** To agree to it, run after the merge:\n\n```sh\ngh workflow run talkform-apply.yml'
        printf ' \\\n  -f %s' "expect=$digest" "${by_hand[@]}"
        printf '\n```\n\n'
    fi
    if [[ -n $digest ]]; then
        tail -n "+$((${#heading} > 0 ? 3 : 2))" "$folder/plan.md" | sed '1{/^$/d}' | without_mentions
    else
        printf '%s: no plan; the log of [this run](%s) says why.\n' "$commit" "$run"
    fi
} >"$text"

comment "$number" "$text"
