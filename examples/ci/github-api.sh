# shellcheck shell=bash
# Calls GitHub's API for the other scripts, with the token of the job in $TOKEN.

# One request. The token is in no argument, so `ps` does not show it.
api() {
    curl --fail-with-body --silent --show-error --retry 3 --max-time 60 \
        --header 'accept: application/vnd.github+json' --header @<(printf 'authorization: Bearer %s' "$TOKEN") \
        "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$1" "${@:2}"
}

# Prints the items of all pages of a list, one JSON object a line. The address may have a query.
list() {
    local page=1 items mark='?'
    [[ $1 != *'?'* ]] || mark='&'
    while :; do
        items=$(api "$1${mark}per_page=100&page=$page")
        jq -c '.[]' <<<"$items"
        [[ $(jq length <<<"$items") == 100 ]] || break
        page=$((page + 1))
    done
}

# Prints the pull request whose merge made a commit of the default branch, as JSON; nothing if there is none or several.
merged_pull() {
    api "commits/$1/pulls?per_page=100" | jq -c --arg commit "$1" --arg branch "$DEFAULT_BRANCH" \
        --arg repository "$GITHUB_REPOSITORY" 'map(select(.merged_at != null and .merge_commit_sha == $commit
            and .base.ref == $branch and .base.repo.full_name == $repository)) | if length == 1 then .[0] else empty end'
}

# Writes a text as the comment of a pull request whose first line is a marker: ours is edited, else one is added.
# A comment with the marker by anybody else is left alone.
comment() {
    local number=$1 text=$2 marker found where
    marker=$(head -n 1 "$text")
    found=$(list "issues/$number/comments" |
        jq -r --arg marker "$marker" 'select(.user.login == "github-actions[bot]" and (.body | startswith($marker))) | .id' | head -n 1)
    if [[ -n $found ]]; then
        where=(PATCH "issues/comments/$found")
    else
        where=(POST "issues/$number/comments")
    fi
    jq -n --rawfile body "$text" '{body: $body}' |
        api "${where[1]}" --request "${where[0]}" --data-binary @- --output /dev/null
}

# Puts an invisible character after each "@" of a text, so that nobody is mentioned.
without_mentions() {
    tr -d '\0' | sed 's/@/@\xe2\x81\xa0/g'
}
