#!/usr/bin/env bash
# Packs a Debian package from an unpacked archive: the static binary, its manual pages, completions and notices.
#
#   packaging/deb.sh ARCHIVE-FOLDER FOLDER
#
# ARCHIVE-FOLDER is what packaging/archive.sh made, for x86_64 or aarch64. Needs dpkg-deb. The binary must run on this
# machine, because it writes the pages and the completions. The package depends on nothing.
set -euo pipefail
[ $# -eq 2 ] || { echo 'usage: packaging/deb.sh ARCHIVE-FOLDER FOLDER' >&2; exit 64; }
archive=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
case $(basename "$archive") in
*-x86_64-*) architecture=amd64 ;;
*-aarch64-*) architecture=arm64 ;;
*)
    echo "no name of a Debian architecture is known for $archive" >&2
    exit 1
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
doc=$tree/usr/share/doc/talkform
install -Dm 755 "$archive/talkform" "$tree/usr/bin/talkform"
"$tree/usr/bin/talkform" man "$work/man" >/dev/null
for page in "$work"/man/man1/*.1; do
    install -Dm 644 "$page" "$tree/usr/share/man/man1/$(basename "$page")"
done
gzip -9n "$tree"/usr/share/man/man1/*.1
install -Dm 644 "$work/man/completions/talkform.bash" "$tree/usr/share/bash-completion/completions/talkform"
install -Dm 644 "$work/man/completions/_talkform" "$tree/usr/share/zsh/vendor-completions/_talkform"
install -Dm 644 "$work/man/completions/talkform.fish" "$tree/usr/share/fish/vendor_completions.d/talkform.fish"
install -Dm 644 "$archive/THIRD-PARTY.txt" "$doc/THIRD-PARTY.txt"
install -Dm 644 "$archive/talkform.cdx.json" "$doc/talkform.cdx.json"
install -Dm 644 README.md "$doc/README.md"
{
    echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
    echo 'Upstream-Name: talkform'
    echo
    echo 'Files: *'
    echo "Copyright: $(sed -n 's/^Copyright (c) //p' LICENSE-MIT)"
    echo 'License: MIT or Apache-2.0'
    echo 'Comment: The licences of the crates in the binary are in THIRD-PARTY.txt.'
    echo
    echo 'License: Apache-2.0'
    echo ' On Debian systems, the text is in /usr/share/common-licenses/Apache-2.0.'
    echo
    echo 'License: MIT'
    sed -e '1,/^Copyright/d' -e 's/^$/./' -e 's/^/ /' LICENSE-MIT | sed 1d
} > "$doc/copyright"
chmod 644 "$doc/copyright"
mkdir "$tree/DEBIAN"
cat > "$tree/DEBIAN/control" <<END
Package: talkform
Version: $version
Architecture: $architecture
Maintainer: the talkform authors
Installed-Size: $(du -sk "$tree/usr" | cut -f1)
Section: admin
Priority: optional
Description: keeps the users of a Channel Talk channel as code
 You edit YAML manifests in git. "talkform plan" shows on the pull request what
 would change. "talkform apply" runs after the merge and sends only the upserts
 that are needed.
END
dpkg-deb --root-owner-group --build "$tree" "$folder/talkform_${version}_$architecture.deb" >/dev/null
ls -l "$folder/talkform_${version}_$architecture.deb"
