#!/usr/bin/env bash
# Shows the result of an apply as a comment of the pull request that was merged.
#
#   github-report.sh EXIT_CODE SUMMARY
#
# SUMMARY is what talkform wrote for the summary of the job; it is empty if nothing was sent. Called after the state is
# safe, and without the credentials. Does nothing if the commit is not the merge of exactly one pull request.
set -euo pipefail
# shellcheck source=SCRIPTDIR/github-api.sh
. "$(dirname "$0")/github-api.sh"

code=$1
summary=$2
number=$(merged_pull "$GITHUB_SHA" | jq -r .number)
if [[ -z $number ]]; then
    echo '::notice::no pull request belongs to this commit, so no comment was written'
    exit 0
fi
run="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
case $code in
    0) result=':white_check_mark: **Applied.**' ;;
    3) result=':warning: **Applied, but some users failed or Channel answered something else.** The next run tries them again.' ;;
    4) result=':warning: **Stopped early.** The state is true. Start the workflow by hand to go on.' ;;
    *) result=':x: **Nothing was applied.**' ;;
esac
text=$RUNNER_TEMP/report.md
{
    printf '<!-- talkform apply%s -->\n' "${NAME:+ $NAME}"
    # shellcheck disable=SC2016 # Markdown, not a command
    printf '%s Commit [`%s`](%s), [this run](%s).\n\n' "$result" "${GITHUB_SHA::7}" \
        "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/commit/$GITHUB_SHA" "$run"
    if (($(stat -c %s "$summary") <= 60000)); then
        without_mentions <"$summary"
    else
        printf 'The report is too long for a comment; it is in the summary of the run.\n'
    fi
} >"$text"
comment "$number" "$text"
