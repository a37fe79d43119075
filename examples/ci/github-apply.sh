#!/usr/bin/env bash
# Runs the apply of one plan digest, and keeps its exit code and its report for the steps after it.
#
#   github-apply.sh TALKFORM FOLDER
#
# A cancelled job signals this process and no other, so the signal is passed on: talkform then finishes what is under
# way and saves the state.
set -euo pipefail

[[ ${TALKFORM_STATE_KEY-none} != none ]] || unset TALKFORM_STATE_KEY
talkform=$1
summary=$2/summary
# How the job reaches a state in a bucket.
[[ ! -e $2/cloud ]] || while IFS= read -r variable; do export "${variable?}"; done <"$2/cloud"
: >"$summary"
arguments=(--auto-approve --max-duration "$DURATION" --expect "$DIGEST")
[[ -z $APPROVE_LIMITS ]] || arguments+=(--approve-limits "$APPROVE_LIMITS")
[[ -z $ALLOW_DELETES ]] || arguments+=(--allow-deletes "$ALLOW_DELETES")
child='' signalled=''
trap 'signalled=yes; [[ -z $child ]] || kill -TERM "$child" || :' INT TERM
GITHUB_STEP_SUMMARY=$summary "$talkform" apply "${arguments[@]}" &
child=$!
# A signal may come before the child is known.
[[ -z $signalled ]] || kill -TERM "$child" || :
# `wait` ends when a signal arrives, before the child does.
signalled=yes
while [[ -n $signalled ]]; do
    signalled='' status=0
    wait "$child" || status=$?
done
cat "$summary" >>"$GITHUB_STEP_SUMMARY"
echo "code=$status" >>"$GITHUB_OUTPUT"
exit "$status"
