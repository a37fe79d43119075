#!/bin/sh
# Downloads the release of talkform that the file `release` beside this script names, checks its SHA-256 and puts the
# binary into a folder. Nothing of the archive is run before it was checked.
#
#   install.sh FOLDER
set -eu

fail() {
    echo "talkform install: $1" >&2
    exit 1
}

if [ $# -ne 1 ]; then
    echo 'usage: install.sh FOLDER' >&2
    exit 64
fi
folder=$1
release=$(dirname -- "$0")/release
value() {
    sed -n "s/^$1=//p" "$release" | head -n 1
}
case $(uname -s)-$(uname -m) in
    Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    *) fail "there is no release for $(uname -s) on $(uname -m)" ;;
esac
place=$(value place)
version=$(value version)
sha256=$(value "sha256-$target")
[ -n "$place" ] || fail "no place of release is named: fill in \`place\` in $release"
[ -n "$version" ] && [ -n "$sha256" ] || fail "no version and checksum for $target are named in $release"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
url=$place/v$version/talkform-$version-$target.tar.gz
curl --fail --silent --show-error --location --retry 3 --output "$tmp/archive" -- "$url"
if command -v sha256sum >/dev/null; then
    found=$(sha256sum <"$tmp/archive")
else
    found=$(shasum -a 256 <"$tmp/archive")
fi
[ "${found%% *}" = "$sha256" ] || fail "$url does not have the SHA-256 that $release names; nothing was installed"
mkdir -p -- "$folder" "$tmp/unpacked"
tar -xf "$tmp/archive" -C "$tmp/unpacked"
binary=$(find "$tmp/unpacked" -type f -name talkform)
install -m 755 -- "$binary" "$folder/talkform"
