#!/bin/sh
# Downloads a release of talkform, checks its SHA-256 and puts the binary into a folder.
#
#   install.sh FOLDER
#
# Only jobs without secrets run this. Where you install talkform in another way, replace this file.
set -eu

# The only place that names a release: the address of a binary or a .tar.gz for x86_64 Linux, and its
# SHA-256. Change both together.
url=
sha256=

if [ $# -ne 1 ]; then
    echo 'usage: install.sh FOLDER' >&2
    exit 64
fi
if [ -z "$url" ] || [ -z "$sha256" ]; then
    echo 'talkform install: no release is named; set url and sha256 at the top of ci/install.sh' >&2
    exit 1
fi
folder=$1
mkdir -p -- "$folder"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
curl --fail --silent --show-error --location --retry 3 --output "$tmp/download" -- "$url"
if ! printf '%s  %s\n' "$sha256" "$tmp/download" | sha256sum --check --quiet >&2; then
    echo "talkform install: $url does not have the SHA-256 that ci/install.sh names; nothing was installed" >&2
    exit 1
fi
case $url in
    *.tar.gz | *.tgz)
        mkdir "$tmp/unpacked"
        tar -xzf "$tmp/download" -C "$tmp/unpacked"
        binary=$(find "$tmp/unpacked" -type f -name talkform)
        ;;
    *) binary=$tmp/download ;;
esac
install -m 755 -- "$binary" "$folder/talkform"
