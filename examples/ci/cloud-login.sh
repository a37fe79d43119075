#!/bin/sh
# Lets talkform reach a state in a bucket as the job itself (OIDC), so that no key of the cloud is kept anywhere. Prints
# the variables for talkform, one NAME=VALUE a line.
#
#   cloud-login.sh aws ROLE_ARN
#   cloud-login.sh google projects/N/locations/global/workloadIdentityPools/POOL/providers/NAME [SERVICE_ACCOUNT]
#   cloud-login.sh azure TENANT_ID CLIENT_ID STORAGE_ACCOUNT
#
# On GitHub the job needs the permission `id-token: write`. On GitLab it needs a token in TALKFORM_ID_TOKEN for the
# audience that `audience` below names.
set -eu
umask 077

fail() {
    echo "cloud-login: $1" >&2
    exit 1
}

cloud=${1:-}
case $cloud:$# in
aws:2) audience=sts.amazonaws.com ;;
google:[23]) audience=https://iam.googleapis.com/$2 ;;
azure:4) audience=api://AzureADTokenExchange ;;
*) fail 'write "aws ROLE_ARN", "google PROVIDER [SERVICE_ACCOUNT]" or "azure TENANT_ID CLIENT_ID STORAGE_ACCOUNT"' ;;
esac
# The words go into JSON and into lines of variables.
case $* in *[!A-Za-z0-9.:/_@+=,\ -]*) fail 'a word has a character that none of these names has' ;; esac

folder=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/talkform-cloud.XXXXXX")
token=$folder/token
if [ -n "${TALKFORM_ID_TOKEN:-}" ]; then
    printf '%s' "$TALKFORM_ID_TOKEN" >"$token"
elif [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
    # The header is no argument, where other programs of the machine could read it.
    printf 'Authorization: bearer %s\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" >"$folder/header"
    curl --silent --show-error --fail --retry 3 --header "@$folder/header" --output "$folder/answer" \
        "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$audience" || fail 'GitHub gives no token'
    sed -n 's/.*"value" *: *"\([^"]*\)".*/\1/p' "$folder/answer" | tr -d '\n' >"$token"
    rm "$folder/header" "$folder/answer"
fi
[ -s "$token" ] || fail 'the job has no identity: give it "id-token: write" on GitHub (the job of a fork cannot have it), or a token in TALKFORM_ID_TOKEN on GitLab'

case $cloud in
aws)
    echo "AWS_ROLE_ARN=$2"
    echo "AWS_WEB_IDENTITY_TOKEN_FILE=$token"
    echo AWS_ROLE_SESSION_NAME=talkform
    ;;
google)
    account=
    [ -z "${3:-}" ] || account='"service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/'$3':generateAccessToken",'
    cat >"$folder/google.json" <<JSON
{
  "type": "external_account",
  "audience": "//iam.googleapis.com/$2",
  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
  "token_url": "https://sts.googleapis.com/v1/token",
  $account
  "credential_source": { "file": "$token" }
}
JSON
    echo "GOOGLE_APPLICATION_CREDENTIALS=$folder/google.json"
    ;;
azure)
    echo "AZURE_TENANT_ID=$2"
    echo "AZURE_CLIENT_ID=$3"
    echo "AZURE_STORAGE_ACCOUNT_NAME=$4"
    echo "AZURE_FEDERATED_TOKEN_FILE=$token"
    ;;
esac
