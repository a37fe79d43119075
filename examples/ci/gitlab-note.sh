#!/bin/sh
# Shows a plan as one note of a merge request that is edited.
#
#   gitlab-note.sh PLAN_MARKDOWN
#
# $TALKFORM_NOTE_TOKEN is a project access token; it goes through a file, so that `ps` does not show it.
set -eu
umask 077
plan=$1
header=$(mktemp)
trap 'rm -f "$header"' EXIT
printf 'PRIVATE-TOKEN: %s' "$TALKFORM_NOTE_TOKEN" >"$header"
notes="$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
api() {
    curl --fail-with-body --silent --show-error --retry 3 --max-time 60 --header "@$header" "$@"
}
me=$(api "$CI_API_V4_URL/user" | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
marker=$(head -n 1 "$plan")
page=1
note=
while :; do
    answer=$(api "$notes?per_page=100&page=$page&sort=asc" | ME=$me MARKER=$marker python3 -c '
import json, os, sys
notes = json.load(sys.stdin)
mine = [n["id"] for n in notes if str(n["author"]["id"]) == os.environ["ME"] and n["body"].startswith(os.environ["MARKER"])]
print(len(notes), mine[0] if mine else "")')
    note=${answer#* }
    [ -z "$note" ] && [ "${answer%% *}" = 100 ] || break
    page=$((page + 1))
done
text=$(mktemp)
{
    # shellcheck disable=SC2016 # Markdown, not a command
    printf '%s\nCommit [`%.7s`](%s/-/commit/%s), [this job](%s).\n\n' "$marker" "$CI_COMMIT_SHA" "$CI_PROJECT_URL" \
        "$CI_COMMIT_SHA" "$CI_JOB_URL"
    tail -n +2 "$plan"
} >"$text"
if [ -n "$note" ]; then
    api --request PUT "$notes/$note" --data-urlencode "body@$text" --output /dev/null
else
    api --request POST "$notes" --data-urlencode "body@$text" --output /dev/null
fi
rm -f "$text"
