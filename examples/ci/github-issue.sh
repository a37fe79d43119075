#!/usr/bin/env bash
# Keeps one issue about drift: opened or edited if there is drift, closed if there is none.
#
#   github-issue.sh OUTCOME REPORT
#
# OUTCOME has the numbers of `talkform drift`, REPORT its Markdown. With $WEBHOOK, an address, drift is also posted
# there as {"text": "…"}, which Slack and many others take.
set -euo pipefail
# shellcheck source=SCRIPTDIR/github-api.sh
. "$(dirname "$0")/github-api.sh"

outcome=$1
report=$2
value() {
    sed -n "s/^$1=//p" "$outcome" | head -n 1
}
run="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
title="Channel differs from what was applied${NAME:+ ($NAME)}"
marker=$(head -n 1 "$report")
[[ $marker == '<!-- talkform drift'* ]] || { echo '::error::the report does not begin with its marker'; exit 1; }
issue=$(list 'issues?state=open&creator=github-actions%5Bbot%5D' |
    jq -r --arg marker "$marker" 'select(.pull_request == null and .user.login == "github-actions[bot]"
        and ((.body // "") | startswith($marker))) | .number' | head -n 1)
if [[ $(value drift) == true ]]; then
    text=$RUNNER_TEMP/issue.md
    {
        printf '%s\nFound by [this run](%s).\n\n' "$marker" "$run"
        tail -n +2 "$report" | without_mentions
    } >"$text"
    if [[ -n $issue ]]; then
        where=(PATCH "issues/$issue")
    else
        where=(POST issues)
    fi
    jq -n --arg title "$title" --rawfile body "$text" '{title: $title, body: $body}' |
        api "${where[1]}" --request "${where[0]}" --data-binary @- --output /dev/null
    if [[ -n ${WEBHOOK:-} ]]; then
        # The address may contain a token, so it is in no argument.
        jq -n --arg text "$title: $(value changed) changed, $(value gone) gone. $run" '{text: $text}' |
            curl --fail --silent --show-error --max-time 60 --header 'content-type: application/json' \
                --data-binary @- --output /dev/null --config <(printf 'url = "%s"\n' "$WEBHOOK")
    fi
elif [[ -n $issue && $(value stopped) == false && $(value failed) == 0 ]]; then
    jq -n --arg body "No drift any more: [this run]($run)." '{body: $body}' |
        api "issues/$issue/comments" --request POST --data-binary @- --output /dev/null
    jq -n '{state: "closed", state_reason: "completed"}' |
        api "issues/$issue" --request PATCH --data-binary @- --output /dev/null
fi
