#!/bin/sh
# Pull, plan, apply, commit the state: for cron and for any CI that can run a script.
#
#   plain.sh [CHECKOUT]
#   */15 * * * *  flock -n /run/lock/talkform  /srv/users/ci/plain.sh /srv/users
#
# TALKFORM_ACCESS_KEY and TALKFORM_ACCESS_SECRET come from the environment; talkform.yaml names channel.id.
# Exits as apply does:
#   0  done, or nothing to do
#   1  refused or failed before anything was sent (bad manifests, limits, another apply, the pull);
#      or the state did not get to the remote
#   3  done, but some users failed; the next run tries them again
#   4  stopped early; the state is true, and the next run goes on
set -eu

here=$(cd -- "$(dirname -- "$0")" && pwd)
cd -- "${1:-.}"

# Not a merge: the state is never mixed of two.
git pull --quiet --ff-only
"$here/fetch-state.sh"
talkform plan

status=0
talkform apply --auto-approve --max-duration 50m || status=$?

# Whatever the apply ended with: what it recorded was accepted by Channel.
"$here/commit-state.sh" || exit 1

case $status in
    0) ;;
    3) echo 'talkform: some users failed; the report above names them' >&2 ;;
    4) echo 'talkform: stopped early; the next run goes on' >&2 ;;
    *) echo "talkform: nothing was applied (exit $status)" >&2 ;;
esac
exit "$status"
