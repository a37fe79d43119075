#!/usr/bin/env bash
# Decides whether the plan of an apply run is the one that was reviewed.
#
#   github-decide.sh OUTCOME
#
# Called by the action after `talkform plan`, whose numbers are in OUTCOME. Writes `apply` and
# `digest` to $GITHUB_OUTPUT; fails where the plan is not the reviewed one or needs an approval.
#
# After a push the reviewed digest is in the commit status `talkform/plan` that github-actions[bot] wrote
# for the pushed commit (a merge queue) or for the head of the pull request that was merged by it. A run by
# hand names the digest itself.
set -euo pipefail

# shellcheck source=SCRIPTDIR/github-api.sh
. "$(dirname "$0")/github-api.sh"

context=talkform/plan${NAME:+/$NAME}

value() {
    sed -n "s/^$1=//p" "$outcome" | head -n 1
}

# Ends the run. The plan, with every user, is in the log and the summary of the step before.
refuse() {
    printf '::error::%s; nothing was sent\n' "$1"
    printf 'The plan of this run is shown by the step before and in the summary.\n'
    printf 'To apply it: read it, then run this workflow by hand on %s, or\n  %s\n' "$DEFAULT_BRANCH" "$by_hand"
    # shellcheck disable=SC2016 # Markdown, not a command
    printf '### Not applied\n\n%s. To apply the plan above: read it, then run this workflow by hand, or\n\n```sh\n%s\n```\n' \
        "$1" "$by_hand" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
    exit 1
}

# Prints the newest status of a commit in our context by our bot, as "STATE DESCRIPTION", or nothing.
# GitHub lists the newest first.
status_of() {
    local page=1 statuses found
    while :; do
        statuses=$(api "commits/$1/statuses?per_page=100&page=$page")
        found=$(jq -r --arg context "$context" 'map(select(.context == $context
            and .creator.login == "github-actions[bot]" and .creator.type == "Bot"))[0]
            | select(. != null) | "\(.state) \(.description)"' <<<"$statuses")
        if [[ -n $found || $(jq length <<<"$statuses") != 100 ]]; then
            printf '%s' "$found"
            return
        fi
        page=$((page + 1))
    done
}

# Sets `reviewed` to the digest that was recorded before the merge.
find_reviewed() {
    local commit=$GITHUB_SHA status
    if [[ ! $BEFORE =~ ^[0-9a-f]{40,64}$ || $BEFORE =~ ^0+$ ]] || ! git cat-file -e "$BEFORE^{commit}" 2>/dev/null; then
        refuse 'the push does not say from which commit it went on'
    fi
    # A pull request that changes the recipes decides itself what its plan run reports.
    if [[ -n $(git diff --name-only "$BEFORE" "$commit" -- .github ci) ]]; then
        refuse 'the push changes .github/ or ci/, so the recorded digest proves nothing'
    fi
    status=$(status_of "$commit")
    if [[ -z $status ]]; then
        commit=$(merged_pull "$commit" | jq -r .head.sha)
        [[ $commit =~ ^[0-9a-f]{40,64}$ ]] || refuse 'the push is not the merge of exactly one pull request'
        status=$(status_of "$commit")
    fi
    [[ $status =~ ^(success|failure)' '(sha256:[0-9a-f]{64})(' '|$) ]] ||
        refuse "no digest of a reviewed plan is recorded for $commit (status: ${status:-none})"
    reviewed=${BASH_REMATCH[2]}
}

outcome=$1
planned=$(value digest)
[[ $planned =~ ^sha256:[0-9a-f]{64}$ ]] || { echo '::error::the plan has no digest'; exit 1; }
limits=$(value limits-exceeded)
deletions=$(value deletions)

by_hand="gh workflow run talkform-apply.yml -f expect=$planned"
[[ $limits == false ]] || by_hand+=" -f approve-limits=$planned"
[[ $deletions == 0 ]] || by_hand+=" -f allow-deletes=$deletions"

if [[ $(value changes) == false ]]; then
    echo 'apply=false' >>"$GITHUB_OUTPUT"
    echo '::notice::no changes; nothing to apply'
    exit 0
fi
if [[ $GITHUB_EVENT_NAME == workflow_dispatch ]]; then
    if [[ -z $EXPECT ]]; then
        echo 'apply=false' >>"$GITHUB_OUTPUT"
        printf '::notice::no digest was given, so the plan is only shown; to apply it: %s\n' "$by_hand"
        exit 0
    fi
    reviewed=$EXPECT
else
    find_reviewed
fi
[[ $reviewed == "$planned" ]] ||
    refuse "the plan is not the reviewed one: it has digest $planned, reviewed was $reviewed. Manifests, state or destination have changed since the review, as after another apply"
[[ $limits == false || $APPROVE_LIMITS == *"$planned" ]] || refuse 'the plan exceeds limits, and nobody has approved that'
[[ $deletions =~ ^[0-9]+$ && (-z $ALLOW_DELETES || $ALLOW_DELETES =~ ^[0-9]{1,9}$) ]] ||
    refuse 'the number of deletions to allow is not a number'
((deletions <= 10#${ALLOW_DELETES:-0})) || refuse "the plan deletes $deletions users, and nobody has approved that"
{
    echo 'apply=true'
    echo "digest=$planned"
} >>"$GITHUB_OUTPUT"
