#!/usr/bin/env bash
# Packs the npm packages: `talkform`, which finds the binary, and `talkform-linux-x64`, which holds it.
#
#   packaging/npm.sh BINARY FOLDER
#
# Needs npm and jq.
set -euo pipefail
[ $# -eq 2 ] || { echo 'usage: packaging/npm.sh BINARY FOLDER' >&2; exit 64; }
binary=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r packaging/npm/talkform packaging/npm/platform "$work/"
install -m 755 "$binary" "$work/platform/talkform"
for package in talkform platform; do
    jq --arg version "$version" '.version = $version
        | if .optionalDependencies then .optionalDependencies |= map_values($version) else . end' \
        "packaging/npm/$package/package.json" > "$work/$package/package.json"
    (cd "$work/$package" && npm pack --silent --pack-destination "$folder")
done
